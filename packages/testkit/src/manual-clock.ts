import type { Clock } from '@evertoken/core'

export interface ManualClock extends Clock {
  /** Moves time on by `ms`, waking sleepers in order and letting each one's work settle before the next. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock forward or back; what has elapsed and who sleeps is untouched. */
  jump(seconds: number): void
  /** How many sleep. */
  readonly pending: number
}

export interface ManualClockOptions {
  /** Seconds since the epoch. Default 1,800,000,000. */
  readonly start?: number
  /** Time jumps to the next sleeper when nobody has used the clock for a while, so that nothing waits for ever. */
  readonly auto?: boolean
  /** That while, in real milliseconds. Default 5: work the clock cannot see should be done sooner. */
  readonly quietMs?: number
}

interface Sleeper {
  readonly due: number
  wake(): void
}

/** A clock that stands still until a test moves it. */
export function createManualClock(options: number | ManualClockOptions = {}): ManualClock {
  const {
    start = 1_800_000_000,
    auto = false,
    quietMs = 5,
  } = typeof options === 'number' ? { start: options } : options
  let elapsed = 0
  let jumped = 0
  let touches = 0
  let watched = false
  let advancing = Promise.resolve()
  let sleepers: readonly Sleeper[] = []

  function touch<T>(value: T): T {
    touches += 1
    return value
  }

  /** Wakes whoever is due first, if that is by `limit`. */
  function wakeNext(limit: number): boolean {
    const [next, ...others] = sleepers
    if (!next || next.due > limit) return false
    sleepers = others
    elapsed = next.due
    next.wake()
    return true
  }

  async function advanceNow(ms: number) {
    const target = elapsed + ms
    do await settle()
    while (wakeNext(target))
    elapsed = target
  }

  function watch() {
    if (watched) return
    watched = true
    setTimeout(look, quietMs, touches)
  }

  function look(touchesBefore: number) {
    watched = false
    if (sleepers.length === 0) return
    if (touches !== touchesBefore) return watch()
    wakeNext(Infinity)
    setTimeout(watch, 0)
  }

  return {
    now: () => touch(start + jumped + elapsed / 1000),
    elapsed: () => touch(elapsed),
    sleep(ms, signal) {
      if (!(ms > 0)) return turn()
      const due = touch(elapsed + ms)
      if (auto) watch()
      return new Promise((wake) => {
        const sleeper = { due, wake }
        sleepers = [...sleepers, sleeper].toSorted((a, b) => a.due - b.due)
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper)
          wake()
        })
      })
    },
    advance: (ms) => (advancing = advancing.then(() => advanceNow(ms))),
    jump(seconds) {
      jumped += seconds
    },
    get pending() {
      return sleepers.length
    },
  }
}

/** Several turns of the event loop: WebCrypto and streams need more than one. */
async function settle() {
  for (let i = 0; i < 3; i += 1) await turn()
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
