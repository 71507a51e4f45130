import { createSleepers } from '../../packages/testkit/src/sleepers.ts'

/** Time that passes only when a test lets it pass. */
export interface VirtualTime {
  /** Milliseconds since the run began. */
  readonly time: number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Moves time to the next sleepers and wakes them. `false`: nobody sleeps. */
  pass(): boolean
}

export function createVirtualTime(): VirtualTime {
  let time = 0
  const sleepers = createSleepers()
  return {
    get time() {
      return time
    },
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve()
      if (ms === Infinity) return new Promise(() => undefined)
      return new Promise((resolve) => {
        const wakeEarly = sleepers.add(time + Math.max(0, ms), () => {
          signal?.removeEventListener('abort', wakeEarly)
          resolve()
        })
        signal?.addEventListener('abort', wakeEarly)
      })
    },
    pass() {
      const due = sleepers.nextDue
      if (due === undefined) return false
      time = due
      while (sleepers.nextDue === due) sleepers.wakeNext()
      return true
    },
  }
}

/** Lets all work that needs no turn of ours come to rest, so that a test chooses among everything that is possible. */
export function microtasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
