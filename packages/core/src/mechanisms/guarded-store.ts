import type { Clock } from '../ports/clock.ts'
import type { SessionIndex, SessionStore } from '../ports/session-store.ts'
import { ConfigurationError, type EventListener, OperatorError } from '../vocabulary/index.ts'
import { withDeadline } from './deadline.ts'
import { redact } from './redact.ts'

/**
 * A session store whose operations end in bounded time, with an event and a typed error when they fail, and whose swaps
 * are won when they were made, whatever was heard of it.
 */
export interface GuardedStore extends Pick<SessionStore, 'read' | 'swap' | 'remove'> {
  readonly index: SessionIndex | undefined
}

export interface GuardedStoreOptions {
  readonly store: SessionStore
  readonly emit: EventListener
  readonly clock: Clock
  /** How long the store may take over one operation, in milliseconds. */
  readonly storeTimeoutMs: number
}

const HUNG = Object.assign(new Error('The session store did not answer'), { name: 'TimeoutError' })

export function createGuardedStore({
  store,
  emit,
  clock,
  storeTimeoutMs,
}: GuardedStoreOptions): GuardedStore {
  const { index } = store

  function guard<T>(operation: 'read' | 'swap' | 'remove' | 'index', run: () => Promise<T>): Promise<T> {
    return withDeadline(run, storeTimeoutMs, clock, () => HUNG).catch((error: unknown) => {
      const cause = redact(error)
      emit({ type: 'store_failed', operation, cause })
      // A store that was set up wrongly says itself what to do.
      if (error instanceof ConfigurationError) throw error
      const message = `Cannot ${operation} the session, the session store failed: try again later`
      throw new OperatorError('store_unavailable', message, { cause, retryAfterSeconds: 1 })
    })
  }

  const read = (key: string) => guard('read', () => store.read(key))

  return {
    read,
    async swap(key, expected, record, expiresAt) {
      let failure: unknown
      const won = await guard('swap', () => store.swap(key, expected, record, expiresAt)).catch(
        (error: unknown) => {
          failure = error
        },
      )
      // The write may have been made and only its answer lost; a client that then sends it again by itself is told that
      // it has lost, against its own first try. No two records are ever equal, so it can be seen.
      if (won || (await read(key)) === record) return true
      if (failure) throw failure
      return false
    },
    remove: (key) => guard('remove', () => store.remove(key)),
    index: index && {
      add: (term, key, expiresAt) => guard('index', () => index.add(term, key, expiresAt)),
      keys: (term) => guard('index', () => index.keys(term)),
      remove: (term, key) => guard('index', () => index.remove(term, key)),
    },
  }
}
