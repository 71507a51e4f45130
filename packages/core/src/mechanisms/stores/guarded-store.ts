import type { SessionIndex, SessionStore } from '../../ports/session-store.ts'
import { type CircuitBreakerOptions, createCircuitBreaker, NotSentError } from './circuit-breaker.ts'

/**
 * Limits the time of session store operations, and throws a typed error if an operation fails.
 *
 * If the store made a swap, the swap succeeds even if its response was lost.
 */
export interface GuardedStore extends Pick<SessionStore, 'read' | 'swap' | 'remove'> {
  /** Same as `read`, without a promise. Absent if the store cannot do that. Returns `undefined` if it has no such record. */
  readonly readNow: ((key: string) => string | undefined) | undefined
  readonly index: SessionIndex | undefined
}

export interface GuardedStoreOptions extends CircuitBreakerOptions {
  readonly store: SessionStore
}

export function createGuardedStore({ store, ...options }: GuardedStoreOptions): GuardedStore {
  const { index } = store
  const { run } = createCircuitBreaker(options)
  const isPrivate = store.outlivesProcess === false
  const read = (key: string) => run('read', () => store.read(key))

  return {
    read,
    // It is looked up each time, because an application may replace `read` of its store.
    readNow: immediateReadOf(store) && ((key) => immediateReadOf(store)?.(key)),
    async swap(key, expected, record, expiresAt, hint) {
      let failure: unknown
      const change = [key, expected, record, expiresAt] as const
      const write = () => (isPrivate ? store.swap(...change, hint) : store.swap(...change))
      const won = await run('swap', write).catch((error: unknown) => {
        failure = error
      })
      if (failure instanceof NotSentError) throw failure
      // The store might have made the write although its response was lost. A client that sends the write again then
      // loses to its own first attempt. No two records are equal, so a read shows whether the write was made.
      if (won || (await read(key)) === record) return true
      if (failure) throw failure
      return false
    },
    remove: (key) => run('remove', () => store.remove(key)),
    index: index && {
      add: (term, key, expiresAt) => run('index', () => index.add(term, key, expiresAt)),
      keys: (term) => run('index', () => index.keys(term)),
      remove: (term, key) => run('index', () => index.remove(term, key)),
    },
  }
}

/** Reads a record from the memory of this process, so it needs no promise and no time limit. */
export type ImmediateRead = (key: string) => string | undefined

/**
 * A member of `read`, and not of the store: a wrapper that copies a store and has its own `read` must be asked.
 *
 * It is a global symbol, because a bundler can load this module twice.
 */
const IMMEDIATE: unique symbol = Symbol.for('evertoken.immediateRead.1') as never
interface ReadFunction {
  (key: string): Promise<unknown>
  readonly [IMMEDIATE]?: ImmediateRead
}

/** Returns `read`, the function of a store that can also read without a promise. */
export function withImmediateRead(read: SessionStore['read'], readNow: ImmediateRead): SessionStore['read'] {
  return Object.assign(read, { [IMMEDIATE]: readNow })
}

/** Returns the immediate read that belongs to the current `read` of a store. */
export function immediateReadOf({ read }: Pick<SessionStore, 'read'>): ImmediateRead | undefined {
  return (read as ReadFunction)[IMMEDIATE]
}
