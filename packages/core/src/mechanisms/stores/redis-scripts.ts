export const READ = `return redis.call('GET', KEYS[1])`

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * ARGV: the expected value (empty for none), the new value, milliseconds to live by the writer's clock, and the expiry
 * in milliseconds since the epoch. The longer time applies. Otherwise, a writer whose clock is ahead would shorten it.
 */
export const SWAP: string = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
${NOW}
local left = math.max(tonumber(ARGV[3]), ARGV[4] - now)
if left > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', left)
else
  redis.call('DEL', KEYS[1])
end
return 1`

/** ARGV: the value. It is written again if it is unchanged, so that the store can wait for its replication. */
export const CONFIRM = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
return 1`

/**
 * Removes a key. The removal is replicated even if the key is empty, because an earlier attempt may not have been
 * confirmed.
 */
export const REMOVE = `
redis.call('SET', KEYS[1], '')
redis.call('DEL', KEYS[1])`

/** ARGV: the member, then the two times as in a swap. The set expires with its longest member. */
export const INDEX_ADD: string = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], 'GT', math.max(now + ARGV[2], tonumber(ARGV[3])), ARGV[1])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])`

export const INDEX_KEYS: string = `${NOW}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')`

export const INDEX_REMOVE = `redis.call('ZREM', KEYS[1], ARGV[1])`
