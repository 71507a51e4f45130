import type { Clock } from '../../ports/clock.ts'
import {
  afterFailure,
  afterResponse,
  afterSuccess,
  PROBE_MS,
  startProbe,
  type StoreHealth,
  WORKING,
} from '../../rules/stores/store-health.ts'
import {
  ConfigurationError,
  type EventListener,
  OperatorError,
  type RedactedCause,
} from '../../vocabulary/index.ts'
import { withDeadline } from '../runtime/deadline.ts'
import { redact } from '../runtime/redact.ts'

export type StoreOperation = 'read' | 'swap' | 'remove' | 'index'

/** Limits the time of session store operations, and rejects calls immediately while the store is down. */
export interface CircuitBreaker {
  /**
   * Runs an operation, unless the store is known to be down.
   *
   * @throws {OperatorError} If the operation failed. It is a `NotSentError` if the store never received the operation.
   * @throws {ConfigurationError} If the configuration of the store is wrong.
   */
  run<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T>
}

export interface CircuitBreakerOptions {
  readonly emit: EventListener
  readonly clock: Clock
  /** How long the store may take over one operation, in milliseconds. */
  readonly storeTimeoutMs: number
  /**
   * Returns a number from 0 to 1, which varies the pauses between probes of a store that is down.
   *
   * @default always 1
   */
  readonly random?: () => number
}

/** Reports that the store is down and did not receive the operation. The outcome is therefore known. */
export class NotSentError extends OperatorError {}

/** After this time, in seconds, a store that is down has been probed again. */
const RETRY_AFTER_SECONDS = 1
const STORE_TIMEOUT = Object.assign(new Error('The session store did not respond'), { name: 'TimeoutError' })
const createTimeout = () => STORE_TIMEOUT

export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { emit, clock, storeTimeoutMs, random = () => 1 } = options
  const patienceMs = Math.min(PROBE_MS, storeTimeoutMs)
  let health: StoreHealth = WORKING
  let lastCause: RedactedCause | undefined

  function noteSuccess(): void {
    const before = health
    // While the store works, this function does not read the clock.
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
    // The error of a misconfigured store already names the remedy.
    return isMisconfigured ? error : new OperatorError(...unavailable(operation, cause))
  }

  /**
   * Uses an operation of a caller as the probe, because on some runtimes no work outlives the request that began it.
   *
   * The caller waits only a short time for a store that does not respond. A later response still marks the store as
   * recovered.
   */
  function probe<T>(whole: Promise<T>): Promise<T> {
    whole.then(noteSuccess, () => undefined)
    return withDeadline(whole, patienceMs, clock, createTimeout)
  }

  return {
    async run(operation, work) {
      const isDown = health.kind === 'down'
      if (health.kind === 'down') {
        const probing = startProbe(health, clock.elapsed())
        if (!probing) throw new NotSentError(...unavailable(operation, lastCause))
        health = probing
      }
      const startedUnder = health
      // While the store works, only the time limit of the operation shows that it was slow. The clock is not read.
      const startedAt = health.kind === 'working' ? undefined : clock.elapsed()
      try {
        const whole = withDeadline(work(), storeTimeoutMs, clock, createTimeout)
        const value = await (isDown ? probe(whole) : whole)
        noteSuccess()
        return value
      } catch (error) {
        throw noteFailure(operation, error, startedUnder, startedAt)
      }
    },
  }
}

function unavailable(operation: StoreOperation, cause: RedactedCause | undefined) {
  const message = `The session store failed (${operation}). Sessions are kept. Try again later.`
  return ['store_unavailable', message, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS }] as const
}
