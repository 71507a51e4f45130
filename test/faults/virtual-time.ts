import type { Clock } from '@evertoken/core'
import { createSleepers } from '../../packages/testkit/src/sleepers.ts'

/**
 * Time that moves only when no other work is possible. Only cryptography works in other
 * threads, so it is counted; everything else is done after a few turns of the event loop.
 */
export interface VirtualTime {
  /** The clock of a machine; its wall time can be set wrong. Sleepers of a clock that `isGone` never wake. */
  machine(isGone?: () => boolean): Machine
  readonly elapsed: number
  /** True wall time, in seconds since the epoch. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Moves time on by `ms`. */
  pass(ms: number): Promise<void>
  /** Moves time on until `work` has settled; resolves to `false` when it has not within `limitMs`. */
  until(work: Promise<unknown>, limitMs: number): Promise<boolean>
}

export interface Machine extends Clock {
  /** Sets the wall clock ahead, or back, by so many seconds against true time. */
  set(offsetSeconds: number): void
  readonly offset: number
  /**
   * Stops the machine for so many milliseconds. While it is suspended, its monotonic clock stops too.
   *
   * @returns When it continues.
   */
  stop(ms: number, how: 'frozen' | 'suspended'): Promise<void>
}

const EPOCH_SECONDS = 1_800_000_000
const QUIET_TURNS = 4
const ROUNDING_MS = 1e-6
/** In real time. */
const BUSY_MS = 20_000

export function createVirtualTime(): VirtualTime {
  let elapsed = 0
  const sleepers = createSleepers()
  const now = () => EPOCH_SECONDS + elapsed / 1000

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wakeEarly = sleepers.add(elapsed + Math.max(ms, 0), () => {
        // A signal can outlive many sleeps.
        signal?.removeEventListener('abort', wakeEarly)
        resolve()
      })
      signal?.addEventListener('abort', wakeEarly)
    })
  }

  /** Wakes the first sleeper if it is due by `limit`. */
  function wakeNext(limit: number): boolean {
    const due = sleepers.nextDue
    if (due === undefined || due > limit) return false
    elapsed = Math.max(elapsed, due)
    sleepers.wakeNext()
    return true
  }

  function machine(isGone = () => false): Machine {
    let offset = 0
    /** Milliseconds in which the machine was suspended. */
    let lostMs = 0
    let suspendedAt: number | undefined
    let stopped: Promise<void> | undefined
    const passed = () => (suspendedAt ?? elapsed) - lostMs
    return {
      now: () => now() + offset,
      elapsed: passed,
      async sleep(ms, signal) {
        const due = passed() + ms
        await sleep(ms, signal)
        while (stopped || (due - passed() > ROUNDING_MS && !signal?.aborted)) {
          await (stopped ?? sleep(due - passed(), signal))
        }
        if (isGone()) await new Promise(() => {})
      },
      stop(ms, how) {
        if (how === 'suspended') suspendedAt = elapsed
        const goOn = async () => {
          await sleep(ms)
          if (how === 'suspended') lostMs += ms
          suspendedAt = undefined
          stopped = undefined
        }
        return (stopped = goOn())
      },
      set(seconds) {
        offset = seconds
      },
      get offset() {
        return offset
      },
    }
  }

  return {
    machine,
    now,
    sleep,
    get elapsed() {
      return elapsed
    },
    async pass(ms) {
      const target = elapsed + ms
      do await quiet()
      while (wakeNext(target))
      elapsed = target
    },
    async until(work, limitMs) {
      const limit = elapsed + limitMs
      let settled = false
      const settle = () => {
        settled = true
      }
      work.then(settle, settle)
      do {
        await quiet()
        if (settled) return true
      } while (wakeNext(limit))
      return settled
    },
  }
}

let working = 0
let begun = 0

async function quiet(): Promise<void> {
  const startedAt = performance.now()
  for (let turns = 0, seen = begun; turns < QUIET_TURNS; turns++) {
    await turn()
    if (performance.now() - startedAt > BUSY_MS) throw new Error('Some work has no end and no pause')
    if (working === 0 && begun === seen) continue
    turns = -1
    seen = begun
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Counts the pending operations of WebCrypto in this process. */
export function countCryptography(): void {
  const methods = [
    'digest',
    'encrypt',
    'decrypt',
    'sign',
    'verify',
    'importKey',
    'deriveBits',
    'generateKey',
    'exportKey',
  ]
  const subtle = crypto.subtle as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  for (const method of methods) {
    const original = subtle[method]?.bind(crypto.subtle)
    if (!original) continue
    const counted = (...args: unknown[]) => {
      working += 1
      begun += 1
      return original(...args).finally(() => {
        working -= 1
      })
    }
    Object.defineProperty(crypto.subtle, method, { value: counted })
  }
}
