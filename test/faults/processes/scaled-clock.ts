import type { Clock } from '@evertoken/core'
import { createShiftableClock } from '@evertoken/testkit'

/** A clock that runs `speed` times as fast as the machine's, the same in every process. */
export function createScaledClock(speed: number, sinceSeconds: number): Clock {
  const clock = createShiftableClock()
  return {
    now: () => sinceSeconds + (clock.now() - sinceSeconds) * speed,
    elapsed: () => clock.elapsed() * speed,
    sleep: (ms, signal) => clock.sleep(ms / speed, signal),
  }
}
