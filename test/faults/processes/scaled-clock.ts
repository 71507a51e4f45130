import type { Clock } from '@evertoken/core'

/** A clock that runs `speed` times as fast as the machine's, the same in every process. */
export function createScaledClock(speed: number, since: number): Clock {
  return {
    now: () => since / 1000 + ((Date.now() - since) / 1000) * speed,
    elapsed: () => performance.now() * speed,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        // A signal can outlive many sleeps.
        const wake = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const timer = setTimeout(wake, ms / speed)
        signal?.addEventListener('abort', wake)
      }),
  }
}
