import { createBoundedMap } from '../runtime/bounded-map.ts'
import { randomId } from '../runtime/digest.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { CONFIRM } from './redis-scripts.ts'

/** Makes writes wait until replicas have received them, so that a failover to one of these replicas loses none. */
export interface WaitForReplicas<Connection> {
  /** A client with one connection, which only this store uses: a wait blocks all later commands of its connection. */
  readonly client: Connection
  /** How many replicas must confirm a write. To survive any failover, name all of them. */
  readonly count: number
  /**
   * Seconds until a write that is not confirmed fails. Must be shorter than `storeTimeoutSeconds`.
   *
   * @default 1
   */
  readonly timeoutSeconds?: number
}

export type Evaluate = (script: string, name: string, args: string[]) => Promise<unknown>

/** Writes that are only done when replicas have confirmed them. */
export interface ReplicatedWrites {
  readonly evaluate: Evaluate
  /** As `evaluate`, for a script that swaps the record of a key. Resolves to 1 only once the swap is confirmed. */
  swap(script: string, name: string, args: string[], value: string): Promise<unknown>
  /** Resolves when the value is confirmed, if this process wrote it and did not receive the confirmation. */
  confirm(name: string, value: string): Promise<void>
}

/** The newest writes that were not confirmed. Each is normally read again within milliseconds. */
const MAX_UNCONFIRMED = 1000

/**
 * Sends each write together with `WAIT` (Redis).
 *
 * `WAIT` returns how many replicas have received the earlier writes of the same connection. A client that reconnects between
 * the two commands would wait for nothing, perhaps on another server. So each write names its connection at random
 * first, and reads the name afterwards.
 *
 * @param send - Sends a command. Commands that are sent in one go keep their order.
 * @throws {ConfigurationError} If `count` or `timeoutSeconds` is out of range.
 */
export function createReplicatedWrites(
  { count, timeoutSeconds = 1 }: Pick<WaitForReplicas<unknown>, 'count' | 'timeoutSeconds'>,
  send: (command: string[]) => Promise<unknown>,
): ReplicatedWrites {
  if (!Number.isInteger(count) || count < 1) throw invalid('count', 'a whole number of at least 1')
  if (!(timeoutSeconds >= 0.001 && timeoutSeconds <= 60))
    throw invalid('timeoutSeconds', 'a number from 0.001 to 60')
  const timeoutMs = String(Math.round(timeoutSeconds * 1000))
  const unconfirmed = createBoundedMap<string, string | undefined>(MAX_UNCONFIRMED)

  const evaluate: Evaluate = async (script, name, args) => {
    const connection = randomId()
    const [, result, confirmations, sameConnection] = await withRedisCode(
      Promise.all([
        send(['CLIENT', 'SETNAME', connection]),
        send(['EVAL', script, '1', name, ...args]),
        send(['WAIT', String(count), timeoutMs]),
        send(['CLIENT', 'GETNAME']),
      ]),
    )
    if (Number(confirmations) < count || sameConnection !== connection) throw notConfirmed()
    return result
  }

  return {
    evaluate,
    async swap(script, name, args, value) {
      unconfirmed.set(name, value)
      const result = await evaluate(script, name, args)
      // A client that repeats commands can lose against its first attempt, which no replica has confirmed.
      if (result === 1) unconfirmed.set(name, undefined)
      return result
    },
    async confirm(name, value) {
      if (unconfirmed.get(name) !== value) return
      // It is written again, because the store can wait only for a write.
      if ((await evaluate(CONFIRM, name, [value])) === 1) unconfirmed.set(name, undefined)
    },
  }
}

/** The code that a Redis server uses when it has too few replicas for a write. */
function notConfirmed(): Error {
  const message = 'The write was not confirmed by enough replicas'
  return Object.assign(new Error(message), { name: 'RedisError', code: 'NOREPLICAS' })
}

function invalid(option: string, allowed: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Option \`waitForReplicas.${option}\` must be ${allowed}.`)
}

/** The first words of Redis errors that an operator must know. */
const WORDS =
  /^(?:ERR|NOAUTH|WRONGPASS|NOPERM|READONLY|LOADING|OOM|CLUSTERDOWN|MISCONF|BUSY|MASTERDOWN|NOREPLICAS|NOSCRIPT|WRONGTYPE)\b/

/** Adds the first word of a Redis error as `code`. Clients leave it in the message, which Evertoken never shows. */
export async function withRedisCode<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const [code] = WORDS.exec(error instanceof Error ? error.message : '') ?? []
    throw code === undefined ? error : Object.assign(new Error(code), { name: 'RedisError', code })
  }
}
