import type { Clock } from '../../ports/clock.ts'
import { withDeadline } from '../runtime/deadline.ts'
import type { SealedRecord, SealedStore } from './sealed-store.ts'

interface RunningRead {
  readonly work: Promise<unknown>
  /** By the monotonic clock, in milliseconds. */
  readonly startedAt: number
}

/** How long later callers wait for a running read, in milliseconds. A store that responds does so earlier. */
const MAX_WAIT_MS = 100

/**
 * Shares the reads of one session among callers that ask at the same moment.
 *
 * A caller joins only a read that has not started. The result therefore contains every write that was completed before
 * its call, such as a sign-out. While a read runs, later callers share the next one, which starts after it. If the
 * store hangs, the next one starts without waiting any longer. The time limit of the store then applies to each caller
 * once, and not twice.
 *
 * @param read - Reads a record from the store.
 */
export function shareReads(read: SealedStore['read'], clock: Clock): SealedStore['read'] {
  const running = new Map<string, RunningRead>()
  const waiting = new Map<string, Promise<SealedRecord | undefined>>()

  /** Resolves when the running read is over or old. Never rejects. */
  function turnOf(key: string): Promise<unknown> {
    const before = running.get(key)
    const leftMs = before ? before.startedAt + MAX_WAIT_MS - clock.elapsed() : 0
    if (!before || leftMs <= 0) return Promise.resolve()
    return withDeadline(before.work, leftMs, clock, () => new Error('The read is overdue')).catch(
      () => undefined,
    )
  }

  function launch(key: string): Promise<SealedRecord | undefined> {
    const work = turnOf(key).then(() => {
      waiting.delete(key)
      running.set(key, { work, startedAt: clock.elapsed() })
      return read(key)
    })
    const clear = () => void (running.get(key)?.work === work && running.delete(key))
    work.then(clear, clear)
    waiting.set(key, work)
    return work
  }

  return (key) => waiting.get(key) ?? launch(key)
}
