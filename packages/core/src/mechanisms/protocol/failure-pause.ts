import { type BackOff, nextBackOff } from '../../model/back-off.ts'
import type { Clock } from '../../ports/clock.ts'
import { OperatorError, type RedactedCause, TryLaterError } from '../../vocabulary/index.ts'

export interface FailurePauseOptions {
  readonly clock: Clock
  /** Returns a number from 0 to 1, which varies pauses. */
  readonly random: () => number
}

/** Remembers the failure of a service that every request of a process needs. */
export interface FailurePause {
  /** Returns the error for callers during the pause, or `undefined` if the service can be called. */
  error(): unknown
  /**
   * Calls the service. A failure starts a pause, and a success ends it.
   *
   * Calls that fail together lengthen the pause only once.
   */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** Without the service no request works, so the process must soon notice that it has recovered. */
const MAX_PAUSE_SECONDS = 10

/** Creates a pause that doubles after each failure in a row, from 1 to 10 seconds. */
export function createFailurePause({ clock, random }: FailurePauseOptions): FailurePause {
  let failure: { readonly error: unknown; readonly backOff: BackOff } | undefined

  const now = () => clock.elapsed() / 1000

  return {
    error() {
      const left = failure ? failure.backOff.until - now() : 0
      return left > 0 ? postponed(failure?.error, left) : undefined
    },
    async run(work) {
      const before = failure
      try {
        const result = await work()
        failure = undefined
        return result
      } catch (error) {
        if (failure === before) {
          const code = 'authorization_server_unavailable'
          const backOff = nextBackOff(before?.backOff, code, { wall: now() }, { jitter: random() })
          failure = {
            error,
            backOff: { ...backOff, until: Math.min(backOff.until, now() + MAX_PAUSE_SECONDS) },
          }
        }
        throw error
      }
    },
  }
}

/** Creates the same error for a later caller, with the time after which that caller can try again. */
function postponed(error: unknown, seconds: number): unknown {
  if (!(error instanceof TryLaterError || error instanceof OperatorError)) return error
  const { message } = error
  const cause = error.cause as RedactedCause | undefined
  const options = { cause, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) }
  return error instanceof TryLaterError
    ? new TryLaterError(error.code, message, options)
    : new OperatorError(error.code, message, options)
}
