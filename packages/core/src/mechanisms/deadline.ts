import type { Clock } from '../ports/clock.ts'

/**
 * Waits for a promise, but no longer than `ms`; `late` makes the error that is thrown then.
 * What settles by itself at once costs no timer.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  clock: Clock,
  late: () => Error,
): Promise<T> {
  let pending = true
  const settle = () => {
    pending = false
  }
  promise.then(settle, settle)
  await undefined
  if (!pending) return await promise
  const settled = new AbortController()
  const expiry = clock.sleep(ms, settled.signal).then(() => {
    if (!settled.signal.aborted) throw late()
    return promise
  })
  return Promise.race([promise, expiry]).finally(() => settled.abort())
}
