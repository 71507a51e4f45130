import type { Clock } from '../ports/clock.ts'

/** A process that was stopped finds its timer due before it finds what has arrived meanwhile; so it looks once more. */
const LAST_LOOK_MS = 50
/** A process that stood still for longer than this, as on Lambda between two requests, did not wait in that time. */
const MAX_STEP_MS = 5000

/**
 * Waits for some work, but no longer than `ms`; `late` makes the error that is thrown then. What is done at once costs
 * no timer.
 */
export async function withDeadline<T>(
  work: () => Promise<T>,
  ms: number,
  clock: Clock,
  late: () => Error,
): Promise<T> {
  const promise = work()
  let pending = true
  const settle = () => {
    pending = false
  }
  promise.then(settle, settle)
  await Promise.resolve()
  return pending ? race(promise, ms, clock, late) : promise
}

function race<T>(promise: Promise<T>, ms: number, clock: Clock, late: () => Error): Promise<T> {
  const settled = new AbortController()
  const { signal } = settled
  async function expire(): Promise<T> {
    for (let leftMs = ms - LAST_LOOK_MS; leftMs > 0 && !signal.aborted; leftMs -= MAX_STEP_MS)
      await clock.sleep(Math.min(leftMs, MAX_STEP_MS), signal)
    if (!signal.aborted) await clock.sleep(LAST_LOOK_MS, signal)
    if (!signal.aborted) throw late()
    return promise
  }
  // With a reason of its own: to make the usual one costs more than all the rest.
  return Promise.race([promise, expire()]).finally(() => settled.abort('settled'))
}
