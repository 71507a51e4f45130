import type { Clock } from '../ports/clock.ts'
import { ConfigurationError, type EventListener, OperatorError } from '../vocabulary/index.ts'
import { withDeadline } from './deadline.ts'
import { redact } from './redact.ts'

/** Runs one operation of a session store: in bounded time, with an event and a typed error when it fails. */
export type StoreGuard = <T>(
  operation: 'read' | 'swap' | 'remove' | 'index',
  run: () => Promise<T>,
) => Promise<T>

export interface StoreGuardOptions {
  readonly emit: EventListener
  readonly clock: Clock
  /** How long a store may take over one operation, in milliseconds. */
  readonly storeTimeoutMs: number
}

const HUNG = Object.assign(new Error('The session store did not answer'), { name: 'TimeoutError' })

export function createStoreGuard({ emit, clock, storeTimeoutMs }: StoreGuardOptions): StoreGuard {
  return (operation, run) =>
    withDeadline(run, storeTimeoutMs, clock, () => HUNG).catch((error: unknown) => {
      const cause = redact(error)
      emit({ type: 'store_failed', operation, cause })
      // A store that was set up wrongly says itself what to do.
      if (error instanceof ConfigurationError) throw error
      const message = `Cannot ${operation} the session, the session store failed: try again later`
      throw new OperatorError('store_unavailable', message, { cause, retryAfterSeconds: 1 })
    })
}
