import { createPendingWork } from '../mechanisms/runtime/background-work.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import type { ConfigurationError, EventListener } from '../vocabulary/index.ts'
import { checkAll, invalid, type OptionTable, secondsUpTo } from './checks.ts'

/** Options of `drain`. */
export interface DrainOptions {
  /**
   * The longest wait, in seconds. At most 3600.
   *
   * @default 20
   */
  readonly timeoutSeconds?: number
}

// Without the library of types that declares the symbol, an application must still compile.
type AsyncDisposeKey = SymbolConstructor extends { readonly asyncDispose: infer Key extends symbol }
  ? Key
  : never

/** Supports `await using`, which drains with the default timeout. */
type AsyncDispose = { readonly [Key in AsyncDisposeKey]: () => Promise<void> }

/** An object whose work can be finished before its process ends. */
export interface Drainable extends AsyncDispose {
  /**
   * Starts no new refresh, and waits until all current work is done.
   *
   * Current work is refreshes, store writes, revocations, and the responses of requests in progress. Requests that
   * arrive later still get a response. If their access token works, they use it. Otherwise, they get a
   * {@link TryLaterError} with the code `draining`. The state is final. Don't wait for it inside a request handler,
   * because it waits for the response of that handler.
   *
   * @param options - How long to wait.
   * @returns When all work is done or the timeout is over. If work remains, the event `drain_timed_out` reports it.
   * @throws {ConfigurationError} If an option is invalid. Nothing is drained then.
   * @example
   *   process.once('SIGTERM', async () => {
   *     server.close()
   *     await auth.drain({ timeoutSeconds: 20 })
   *   })
   */
  drain(options?: DrainOptions): Promise<void>
}

/** The work of one application, and whether it can start more. */
export interface WorkTracker extends Drainable {
  /** Whether a refresh can start. */
  admits(): boolean
  /** Makes `drain` wait for a promise. */
  track<T>(work: Promise<T>): Promise<T>
  /**
   * Makes `drain` wait for everything that is kept alive.
   *
   * @throws {ConfigurationError} If it is not a function.
   */
  tracking(keepAlive: KeepAlive): KeepAlive
}

/** Longer than any grace period. A larger number is probably in milliseconds. */
const MAX_SECONDS = 3600
/** Longer than one token request (10 s), shorter than the default grace period of Kubernetes (30 s). */
const DEFAULT_SECONDS = 20

const DRAIN_OPTIONS: OptionTable<Required<DrainOptions>> = {
  timeoutSeconds: [secondsUpTo(MAX_SECONDS), DEFAULT_SECONDS],
}

export function createWorkTracker(clock: Clock, emit: EventListener): WorkTracker {
  const work = createPendingWork(clock)
  let draining = false

  async function drain(options: DrainOptions = {}): Promise<void> {
    const { timeoutSeconds } = checkAll<Required<DrainOptions>>(DRAIN_OPTIONS, options)
    draining = true
    if (await work.finish(timeoutSeconds * 1000)) return
    emit({ type: 'drain_timed_out', unfinished: work.count })
  }

  function track<T>(promise: Promise<T>): Promise<T> {
    work.add(promise)
    return promise
  }

  return {
    admits: () => !draining,
    track,
    tracking(keepAlive) {
      if (typeof keepAlive !== 'function') throw invalid('keepAlive', 'must be a function')
      return (promise) => {
        work.add(promise)
        try {
          keepAlive(promise)
        } catch {
          throw keepAliveFailed()
        }
      }
    },
    drain,
    [Symbol.asyncDispose]: () => drain(),
  }
}

/** The usual cause is a method that was passed on without its object. */
function keepAliveFailed(): ConfigurationError {
  return invalid('keepAlive', 'threw an error. Pass `(work) => context.waitUntil(work)`')
}
