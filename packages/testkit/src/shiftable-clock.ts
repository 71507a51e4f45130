import type { Clock } from '@evertoken/core'
import { systemClock } from './system-clock.ts'

/** A clock of one machine that runs with real time, and that a test can set wrong or stop. */
export interface ShiftableClock extends Clock {
  /** Moves only the wall clock, forward or back. The elapsed time and sleepers do not change. */
  shift(seconds: number): void
  /** Moves both clocks forward, as if so much time had passed. Sleepers that become due wake. */
  advance(seconds: number): void
  /** Stops the elapsed time and all sleepers, like a suspended machine. The wall clock continues. */
  suspend(): void
  /** Ends the suspension. Sleepers wait for the time that they had left. */
  resume(): void
  /** Whether the clock is suspended. */
  readonly suspended: boolean
  /** The seconds by which the wall clock is ahead of the base clock. */
  readonly aheadSeconds: number
}

/** Options of `createShiftableClock`. */
export interface ShiftableClockOptions {
  /**
   * The clock that this one follows. With a manual clock, several machines share one virtual time.
   *
   * @default the time of the machine
   */
  readonly base?: Clock
}

/** Float errors leave a rest that no manual clock would ever reach. */
const ROUNDING_MS = 1e-6

/**
 * Creates a clock that runs with real time, or with another clock, and can be shifted and suspended.
 *
 * @param options - The clock that this one follows. By default, the time of the machine.
 * @example
 * ```ts
 * import { createShiftableClock } from '@evertoken/testkit'
 *
 * const clock = createShiftableClock()
 * clock.shift(-3600) // the administrator sets the clock back
 * clock.suspend() // the laptop is closed
 * clock.advance(3600) // an hour passes
 * clock.resume()
 * ```
 */
export function createShiftableClock({ base = systemClock }: ShiftableClockOptions = {}): ShiftableClock {
  let aheadSeconds = 0
  /** The difference between the elapsed time of this clock and that of the base. */
  let offsetMs = 0
  let suspendedAt: number | undefined
  /** Wakes the sleepers, so that they look how much time they have left. */
  const wakers = new Set<() => void>()

  const elapsed = () => suspendedAt ?? base.elapsed() + offsetMs

  function wakeAll() {
    for (const wake of wakers) wake()
  }

  /** Waits for so many milliseconds of the base, for a change of this clock, or for an abort. */
  async function waitForChange(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const controller = new AbortController()
    const wake = () => controller.abort()
    wakers.add(wake)
    signal?.addEventListener('abort', wake)
    try {
      await (suspendedAt === undefined ? base.sleep(ms, controller.signal) : untilAborted(controller.signal))
    } finally {
      wakers.delete(wake)
      signal?.removeEventListener('abort', wake)
    }
  }

  return {
    now: () => base.now() + aheadSeconds,
    elapsed,
    async sleep(ms, signal) {
      const due = elapsed() + ms
      if (!(ms > 0)) return base.sleep(0)
      // The base gets `ms` unchanged, so that both wake in the same advance of a manual clock.
      for (let left = ms; left > ROUNDING_MS && !signal?.aborted; left = due - elapsed())
        await waitForChange(left, signal)
    },
    shift(seconds) {
      aheadSeconds += requireFinite('shift', seconds)
    },
    advance(seconds) {
      if (requireFinite('advance', seconds) < 0)
        throw new RangeError(
          'Cannot advance by a negative time. To set only the wall clock back, use `shift`.',
        )
      aheadSeconds += seconds
      // A suspended machine notices time only by its wall clock.
      if (suspendedAt === undefined) offsetMs += seconds * 1000
      wakeAll()
    },
    suspend() {
      suspendedAt ??= elapsed()
      wakeAll()
    },
    resume() {
      if (suspendedAt === undefined) return
      offsetMs = suspendedAt - base.elapsed()
      suspendedAt = undefined
      wakeAll()
    },
    get suspended() {
      return suspendedAt !== undefined
    },
    get aheadSeconds() {
      return aheadSeconds
    },
  }
}

function requireFinite(method: string, seconds: number): number {
  if (Number.isFinite(seconds)) return seconds
  throw new RangeError(`\`${method}\` received ${String(seconds)}. Pass a finite number of seconds.`)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
