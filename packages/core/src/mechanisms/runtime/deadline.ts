import type { Clock } from '../../ports/clock.ts'

/** The last wait, in milliseconds. After a pause of the process, the timer fires before a response that has arrived. */
const LAST_LOOK_MS = 50
/** The longest single sleep, in milliseconds. A longer pause of the process, as on Lambda, is therefore not counted. */
const MAX_STEP_MS = 5000

/**
 * Waits for some work, but at most `ms` milliseconds. After that, throws the error that `late` creates.
 *
 * Work that completes immediately needs no timer.
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
  // A string as the reason, because creating the default reason costs more than the rest of this function.
  return Promise.race([promise, expire()]).finally(() => settled.abort('settled'))
}
