import type { Clock } from '@evertoken/core'
import { countCryptography, isCryptographyPending, turn, untilQuiet } from './quiet.ts'
import { createSleepers } from './sleepers.ts'

/** A clock that moves only when a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time forward by `ms`, wakes sleepers in order, and lets the work of each one settle before the next. */
  advance(ms: number): Promise<void>
  /**
   * Moves time forward from sleeper to sleeper, until `work` has settled or `limitMs` have passed. Returns whether `work`
   * has settled.
   */
  advanceUntil(work: Promise<unknown>, limitMs: number): Promise<boolean>
  /**
   * Moves the wall clock forward or back. The elapsed time and sleepers do not change. A machine that was suspended for
   * `seconds` sees the same when it wakes.
   */
  jump(seconds: number): void
  /** How many callers sleep. */
  readonly pending: number
}

/** Options of `createManualClock`. */
export interface ManualClockOptions {
  /**
   * The start time, in seconds since the epoch.
   *
   * @default 1_800_000_000
   */
  readonly start?: number
  /**
   * Whether time moves to the next sleeper when nothing has used the clock for `quietMs`.
   *
   * @default false
   */
  readonly auto?: boolean
  /**
   * Milliseconds of real time. Work that the clock cannot see should take less. It sees WebCrypto.
   *
   * @default 5
   */
  readonly quietMs?: number
}

/**
 * Creates a clock that moves only when a test moves it.
 *
 * The first clock of a process wraps the methods of `crypto.subtle`, so that all clocks can wait for them.
 *
 * @param options - The options, or the start time in seconds since the epoch. Default 1,800,000,000.
 * @example
 *   const clock = createManualClock()
 *   const server = createAuthorizationServer({ clock, accessTokenSeconds: 60 })
 *   await clock.advance(61_000) // all access tokens have expired
 */
export function createManualClock(options: number | ManualClockOptions = {}): ManualClock {
  const {
    start = 1_800_000_000,
    auto = false,
    quietMs = 5,
  } = typeof options === 'number' ? { start: options } : options
  countCryptography()
  const sleepers = createSleepers()
  let elapsed = 0
  let jumped = 0
  let touches = 0
  let watched = false
  let advancing: Promise<unknown> = Promise.resolve()

  function touch<T>(value: T): T {
    touches += 1
    return value
  }

  /** Moves to the first sleeper if it is due by `limit`. Time moves first, so that the sleeper sees the right time. */
  function wakeNext(limit: number): boolean {
    const due = sleepers.nextDue
    if (due === undefined || due > limit) return false
    elapsed = due
    sleepers.wakeNext()
    return true
  }

  async function advanceNow(ms: number, isDone: () => boolean): Promise<void> {
    const target = elapsed + ms
    do {
      await untilQuiet()
      if (isDone()) return
    } while (wakeNext(target))
    elapsed = target
  }

  function advance(ms: number, isDone = () => false): Promise<void> {
    const advanced = advancing.then(() => advanceNow(ms, isDone))
    advancing = advanced
    return advanced
  }

  function watch() {
    if (watched) return
    watched = true
    setTimeout(look, quietMs, touches)
  }

  function look(touchesBefore: number) {
    watched = false
    if (sleepers.size === 0) return
    if (touches !== touchesBefore || isCryptographyPending()) return watch()
    wakeNext(Infinity)
    setTimeout(watch, 0)
  }

  return {
    now: () => touch(start + jumped + elapsed / 1000),
    elapsed: () => touch(elapsed),
    sleep(ms, signal) {
      if (signal?.aborted || !(ms > 0)) return turn()
      const due = touch(elapsed + ms)
      if (auto) watch()
      return new Promise((resolve) => {
        const wakeEarly = sleepers.add(due, () => {
          signal?.removeEventListener('abort', wakeEarly)
          resolve()
        })
        signal?.addEventListener('abort', wakeEarly)
      })
    },
    advance: (ms) => advance(ms),
    async advanceUntil(work, limitMs) {
      let isSettled = false
      const settle = () => {
        isSettled = true
      }
      work.then(settle, settle)
      await advance(limitMs, () => isSettled)
      return isSettled
    },
    jump(seconds) {
      jumped += seconds
    },
    get pending() {
      return sleepers.size
    },
  }
}
