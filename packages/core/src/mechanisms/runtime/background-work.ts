import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'

/** Counts unfinished promises. It holds no reference to them, so its size is constant. */
export interface PendingWork {
  /** How many promises have not settled. */
  readonly count: number
  /** Counts a promise until it resolves or rejects. */
  add(work: Promise<unknown>): void
  /**
   * Waits until all promises have settled, including promises that are added later.
   *
   * @param ms - The longest wait, in milliseconds.
   * @returns Whether all promises have settled.
   */
  finish(ms: number): Promise<boolean>
}

export function createPendingWork(clock: Clock): PendingWork {
  let count = 0
  let waiting: { readonly finished: Promise<void>; resolve(): void } | undefined

  function settled(): void {
    count -= 1
    if (count > 0) return
    waiting?.resolve()
    waiting = undefined
  }

  /** Resolves the next time that all promises have settled. All callers share one promise. */
  function untilNoneIsLeft(): Promise<void> {
    if (!waiting) {
      let resolve = () => {}
      const finished = new Promise<void>((settle) => (resolve = settle))
      waiting = { finished, resolve }
    }
    return waiting.finished
  }

  return {
    get count() {
      return count
    },
    add(work) {
      count += 1
      work.then(settled, settled)
    },
    async finish(ms) {
      if (count === 0) return true
      const timer = new AbortController()
      const finished = untilNoneIsLeft().then(() => true)
      const late = clock.sleep(ms, timer.signal).then(() => false)
      return Promise.race([finished, late]).finally(() => timer.abort())
    },
  }
}

/** Lets work finish even if the browser leaves or the response is sent first. */
export function keepAliveUntilDone<T>(work: Promise<T>, keepAlive: KeepAlive): Promise<T> {
  keepAlive(work.catch(() => undefined))
  return work
}
