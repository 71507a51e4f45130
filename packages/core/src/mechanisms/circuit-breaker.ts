import type { Clock } from '../ports/clock.ts'
import {
  afterFailure,
  afterResponse,
  afterSuccess,
  PROBE_MS,
  startProbe,
  type StoreHealth,
  WORKING,
} from '../rules/store-health.ts'
import {
  ConfigurationError,
  type EventListener,
  OperatorError,
  type RedactedCause,
} from '../vocabulary/index.ts'
import { withDeadline } from './deadline.ts'
import { redact } from './redact.ts'

export type StoreOperation = 'read' | 'swap' | 'remove' | 'index'

/** Runs the operations of a session store in bounded time, and keeps callers from waiting for a store that is down. */
export interface CircuitBreaker {
  /**
   * Runs an operation, unless the store is known to be down.
   *
   * @throws {OperatorError} If the operation failed. It is a `NotSentError` if the store never saw the operation.
   * @throws {ConfigurationError} If the store is set up wrongly.
   */
  run<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T>
}

export interface CircuitBreakerOptions {
  readonly emit: EventListener
  readonly clock: Clock
  /** How long the store may take over one operation, in milliseconds. */
  readonly storeTimeoutMs: number
  /**
   * From 0 to 1, for the pauses between probes of a store that is down.
   *
   * @default always 1
   */
  readonly random?: () => number
}

/** The store is down, and the operation was not sent to it, so its outcome is known. */
export class NotSentError extends OperatorError {}

/** By then a store that is down has been probed again. */
const RETRY_AFTER_SECONDS = 1
const STORE_TIMEOUT = Object.assign(new Error('The session store did not respond'), { name: 'TimeoutError' })

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { emit, clock, storeTimeoutMs, random = () => 1 } = options
  const patienceMs = Math.min(PROBE_MS, storeTimeoutMs)
  let health: StoreHealth = WORKING
  let lastCause: RedactedCause | undefined

  function inTime<T>(work: () => Promise<T>, ms: number): Promise<T> {
    return withDeadline(work, ms, clock, () => STORE_TIMEOUT)
  }

  function noteSuccess(): void {
    const before = health
    // While the store works, no clock is read.
    const now = before.kind === 'working' ? 0 : clock.elapsed()
    health = afterSuccess(before, now)
    if (before.kind !== 'working' && health.kind === 'working')
      emit({ type: 'store_recovered', durationMs: now - before.since })
  }

  /** Returns the error for the caller. */
  function noteFailure(
    operation: StoreOperation,
    error: unknown,
    startedUnder: StoreHealth,
    startedAt: number | undefined,
  ): Error {
    const before = health
    const now = clock.elapsed()
    const cause = redact(error)
    const isSlow = error === STORE_TIMEOUT || (startedAt !== undefined && now - startedAt >= PROBE_MS)
    const isMisconfigured = error instanceof ConfigurationError
    health = isMisconfigured
      ? afterResponse(before, now)
      : afterFailure(before, startedUnder, isSlow, now, random())
    if (health !== before) lastCause = cause
    if (before.kind === 'working' && health !== before) emit({ type: 'store_failed', operation, cause })
    // The error of a store that is set up wrongly already names the remedy.
    return isMisconfigured ? error : new OperatorError(...unavailable(operation, cause))
  }

  /**
   * An operation of a caller is the probe, because on some runtimes no work outlives the request that began it. That
   * caller is not kept waiting for a store that hangs. If the store responds later, it has recovered nevertheless.
   */
  function probe<T>(work: () => Promise<T>): Promise<T> {
    const whole = inTime(work, storeTimeoutMs)
    whole.then(noteSuccess, () => undefined)
    return inTime(() => whole, patienceMs)
  }

  return {
    run(operation, work) {
      let result
      if (health.kind === 'down') {
        const probing = startProbe(health, clock.elapsed())
        if (!probing) return Promise.reject(new NotSentError(...unavailable(operation, lastCause)))
        health = probing
        result = probe(work)
      } else {
        result = inTime(work, storeTimeoutMs)
      }
      const startedUnder = health
      // While the store works, only its own time limit shows that an operation was slow, so that no clock is read.
      const startedAt = health.kind === 'working' ? undefined : clock.elapsed()
      return result.then(
        (value) => {
          noteSuccess()
          return value
        },
        (error: unknown) => {
          throw noteFailure(operation, error, startedUnder, startedAt)
        },
      )
    },
  }
}

function unavailable(operation: StoreOperation, cause: RedactedCause | undefined) {
  const message = `The session store failed (${operation}). Sessions are kept. Try again later.`
  return ['store_unavailable', message, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS }] as const
}
