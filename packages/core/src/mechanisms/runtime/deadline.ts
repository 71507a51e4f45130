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
  work: Promise<T>,
  ms: number,
  clock: Clock,
  late: () => Error,
): Promise<T> {
  let timer: AbortController | undefined
  let isSettled = false
  const settle = () => {
    isSettled = true
    // A string as the reason, because creating the default reason costs more than the rest of this function.
    timer?.abort('settled')
  }
  work.then(settle, settle)
  await Promise.resolve()
  if (isSettled) return work
  timer = new AbortController()
  return Promise.race([work, expire(work, ms, clock, timer.signal, late)])
}

async function expire<T>(
  work: Promise<T>,
  ms: number,
  clock: Clock,
  settled: AbortSignal,
  late: () => Error,
): Promise<T> {
  for (let leftMs = ms - LAST_LOOK_MS; leftMs > 0 && !settled.aborted; leftMs -= MAX_STEP_MS)
    await clock.sleep(Math.min(leftMs, MAX_STEP_MS), settled)
  if (!settled.aborted) await clock.sleep(LAST_LOOK_MS, settled)
  if (!settled.aborted) throw late()
  return work
}
