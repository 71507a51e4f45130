import type { Clock } from '@evertoken/core'
import { createManualClock, createShiftableClock, type ManualClock } from '@evertoken/testkit'

/** One true time for all machines. It moves only when no other work is possible. */
export interface VirtualTime extends ManualClock {
  /** The clock of a machine. Sleepers of a machine that `isGone` never wake. */
  machine(isGone?: () => boolean): Machine
}

export interface Machine extends Clock {
  /** Sets the wall clock ahead, or back, by so many seconds against true time. */
  set(aheadSeconds: number): void
  readonly aheadSeconds: number
  /**
   * Stops the machine for so many milliseconds. While it is suspended, its monotonic clock stops too.
   *
   * @returns When it continues.
   */
  stop(ms: number, how: 'frozen' | 'suspended'): Promise<void>
}

export function createVirtualTime(): VirtualTime {
  const base = createManualClock()
  return Object.assign(base, { machine: (isGone = () => false) => createMachine(base, isGone) })
}

function createMachine(base: ManualClock, isGone: () => boolean): Machine {
  const clock = createShiftableClock({ base })
  let stopped: Promise<void> | undefined
  return {
    now: clock.now,
    elapsed: clock.elapsed,
    async sleep(ms, signal) {
      await clock.sleep(ms, signal)
      while (stopped) await stopped
      if (isGone()) await new Promise(() => {})
    },
    stop(ms, how) {
      if (how === 'suspended') clock.suspend()
      const goOn = async () => {
        await base.sleep(ms)
        clock.resume()
        stopped = undefined
      }
      return (stopped = goOn())
    },
    set: (aheadSeconds) => clock.shift(aheadSeconds - clock.aheadSeconds),
    get aheadSeconds() {
      return clock.aheadSeconds
    },
  }
}
