import { systemClock } from '../runtime/system-clock.ts'
import type { SessionStore } from '../../ports/session-store.ts'
import {
  withRedisCode,
  createReplicatedWrites,
  type ReplicatedWrites,
  type WaitForReplicas,
} from './redis-replication.ts'
import { INDEX_ADD, INDEX_KEYS, INDEX_REMOVE, READ, REMOVE, SWAP } from './redis-scripts.ts'

/** The required functions of a Redis client. Clients differ only in how `eval` takes keys and arguments. */
export interface RedisClient<Call extends readonly unknown[]> {
  /** Resolves to the value of a key, or to `null`. */
  get(key: string): Promise<string | null>
  /** Deletes a key. */
  del(key: string): Promise<unknown>
  /** Runs a Lua script, with keys and arguments in the form of the client. */
  eval(script: string, ...call: Call): Promise<unknown>
}

/** Options of the stores in Redis. */
export interface RedisStoreOptions<Call extends readonly unknown[]> {
  /** A connected client. The store neither opens nor closes it. */
  readonly client: RedisClient<Call>
  /**
   * The prefix of every key.
   *
   * @default 'evertoken:'
   */
  readonly prefix?: string
  /**
   * Returns seconds since the epoch, by the clock of this process. The clock of the server may differ.
   *
   * @default the clock of the system
   */
  readonly now?: () => number
}

/** Options for a Redis whose failovers must not lose a write. */
export interface ReplicatedRedisStoreOptions<
  Call extends readonly unknown[],
  Connection,
> extends RedisStoreOptions<Call> {
  /** Waits until replicas have received each write. By default, a failover can lose the newest writes. */
  readonly waitForReplicas?: WaitForReplicas<Connection>
}

/**
 * Creates a session store for `redis`: a client, pool, cluster or sentinel.
 *
 * @param options - The connected client, and the prefix of the keys. By default, `evertoken:`.
 * @throws {ConfigurationError} If `waitForReplicas` is out of range.
 * @example
 *   import { createClient } from 'redis'
 *
 *   const client = createClient({ url: 'redis://redis.internal:6379' }).on('error', console.error)
 *   await client.connect()
 *   export const store = createRedisStore({ client })
 */
export function createRedisStore(
  options: ReplicatedRedisStoreOptions<
    [call: { keys: string[]; arguments: string[] }],
    { sendCommand(command: string[]): Promise<unknown> }
  >,
): SessionStore {
  const { client, waitForReplicas: wait } = options
  const replicated = wait && createReplicatedWrites(wait, (command) => wait.client.sendCommand(command))
  return createStore(options, {
    get: (name) => client.get(name),
    evaluate: (script, name, args) => client.eval(script, { keys: [name], arguments: args }),
    replicated,
  })
}

/**
 * Creates a session store for `ioredis`: a client or cluster. It shares its data with {@link createRedisStore}.
 *
 * @param options - The client, and the prefix of the keys. By default, `evertoken:`.
 * @throws {ConfigurationError} If `waitForReplicas` is out of range.
 * @example
 *   import { Redis } from 'ioredis'
 *
 *   export const store = createIoredisStore({ client: new Redis('redis://redis.internal:6379') })
 */
export function createIoredisStore(
  options: ReplicatedRedisStoreOptions<
    [keyCount: number, ...keysAndArguments: string[]],
    { call(command: string, ...args: string[]): Promise<unknown> }
  >,
): SessionStore {
  const { client, waitForReplicas: wait } = options
  const replicated =
    wait && createReplicatedWrites(wait, ([name = '', ...args]) => wait.client.call(name, ...args))
  return createStore(options, {
    get: (name) => client.get(name),
    evaluate: (script, name, args) => client.eval(script, 1, name, ...args),
    replicated,
  })
}

/**
 * Creates a session store for `@upstash/redis`. It shares its data with {@link createRedisStore}.
 *
 * @param options - The client, and the prefix of the keys. By default, `evertoken:`.
 * @example
 *   import { Redis } from '@upstash/redis'
 *
 *   export const store = createUpstashStore({ client: Redis.fromEnv() })
 */
export function createUpstashStore(
  options: RedisStoreOptions<[keys: string[], args: string[]]>,
): SessionStore {
  const { client } = options
  return createStore(options, {
    // A replica may respond to a GET without the last write. A script that can write runs only on the primary.
    get: (name) => client.eval(READ, [name], []) as Promise<string | null>,
    evaluate: (script, name, args) => client.eval(script, [name], args),
  })
}

interface Commands {
  readonly get: (name: string) => Promise<string | null>
  readonly evaluate: (script: string, name: string, args: string[]) => Promise<unknown>
  readonly replicated?: ReplicatedWrites | undefined
}

function createStore<Call extends readonly unknown[]>(
  { client, prefix = 'evertoken:', now = systemClock.now }: RedisStoreOptions<Call>,
  commands: Commands,
): SessionStore {
  const get: Commands['get'] = (name) => withRedisCode(commands.get(name))
  const evaluate: Commands['evaluate'] = (...call) => withRedisCode(commands.evaluate(...call))
  const { replicated } = commands
  const write = replicated?.evaluate ?? evaluate
  const nameOf = (key: string) => `${prefix}session:${key}`
  const indexOf = (term: string) => `${prefix}index:${term}`
  const expiryOf = (expiresAt: number) =>
    [expiresAt - now(), expiresAt].map((seconds) => String(Math.floor(seconds * 1000)))

  return {
    consistency: 'strong',
    async read(key) {
      const name = nameOf(key)
      const value = await get(name)
      if (value === null) return undefined
      await replicated?.confirm(name, value)
      return unmark(value)
    },
    async swap(key, expected, record, expiresAt) {
      const name = nameOf(key)
      const value = mark(record)
      const args = [expected === undefined ? '' : mark(expected), value, ...expiryOf(expiresAt)]
      const swapping = replicated ? replicated.swap(SWAP, name, args, value) : evaluate(SWAP, name, args)
      return (await swapping) === 1
    },
    async remove(key) {
      if (replicated) await replicated.evaluate(REMOVE, nameOf(key), [])
      else await withRedisCode(client.del(nameOf(key)))
    },
    index: {
      async add(term, key, expiresAt) {
        await write(INDEX_ADD, indexOf(term), [mark(key), ...expiryOf(expiresAt)])
      },
      async keys(term) {
        return ((await evaluate(INDEX_KEYS, indexOf(term), [])) as string[]).map(unmark)
      },
      async remove(term, key) {
        await write(INDEX_REMOVE, indexOf(term), [mark(key)])
      },
    },
  }
}

/** Marks a text. Upstash's client parses texts that are valid JSON, also numbers. No JSON starts like this. */
function mark(text: string): string {
  return `=${text}`
}

function unmark(value: string): string {
  return value.slice(1)
}
