import type { Clock } from '../../ports/clock.ts'

/** The longest timer, in milliseconds. A longer one fires immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Returns a number from 0 to 1. It varies pauses, and keeps no secret. */
export const systemRandom = (): number => Math.random()

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now() / 1000,
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        // The signal can outlive many sleeps, so the listener is removed.
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(ms, MAX_TIMER_MS))
      signal?.addEventListener('abort', wake)
    }),
}
