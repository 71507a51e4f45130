import type { SessionIndex, SessionStore } from '../ports/session-store.ts'
import { type CircuitBreakerOptions, createCircuitBreaker, NotSentError } from './circuit-breaker.ts'

/**
 * A session store whose operations end in bounded time, with a typed error if they fail. A swap that was made is won,
 * even if its response was lost.
 */
export interface GuardedStore extends Pick<SessionStore, 'read' | 'swap' | 'remove'> {
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
    async swap(key, expected, record, expiresAt, hint) {
      let failure: unknown
      const change = [key, expected, record, expiresAt] as const
      const write = () => (isPrivate ? store.swap(...change, hint) : store.swap(...change))
      const won = await run('swap', write).catch((error: unknown) => {
        failure = error
      })
      if (failure instanceof NotSentError) throw failure
      // The store might have made the write although its response was lost. A client that then sends the write again
      // loses against its own first attempt. No two records are equal, so a read shows it.
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
