import type { Clock } from '../../ports/clock.ts'
import { systemClock } from './system-clock.ts'

/** A larger difference is a jump. Two clocks drift apart by less than this between two reads. */
const JUMP_SECONDS = 60
/** A wall clock that stays ahead for this time is right. The machine was suspended, or its clock was behind before. */
const DOUBT_MS = 3_600_000

/**
 * Creates a wall clock for stores that have no clock.
 *
 * If the clock of the machine jumps ahead, this clock follows the monotonic clock for the next hour. Otherwise records
 * that seem to have expired would be lost. It follows a jump back immediately, because that hides no record.
 *
 * @param clock - The clock of the machine. By default, the clock of the system.
 * @returns A function that returns seconds since the epoch.
 * @example
 *   const now = createSteadyClock()
 *   const hasExpired = (expiresAt: number) => expiresAt <= now()
 */
export function createSteadyClock(clock: Pick<Clock, 'now' | 'elapsed'> = systemClock): () => number {
  let last = { wall: clock.now(), elapsed: clock.elapsed() }
  let doubtedAt: number | undefined

  return () => {
    const wall = clock.now()
    const elapsed = clock.elapsed()
    const expected = last.wall + (elapsed - last.elapsed) / 1000
    if (wall > expected + JUMP_SECONDS) {
      doubtedAt ??= elapsed
      if (elapsed - doubtedAt < DOUBT_MS) return expected
    }
    last = { wall, elapsed }
    doubtedAt = undefined
    return wall
  }
}
