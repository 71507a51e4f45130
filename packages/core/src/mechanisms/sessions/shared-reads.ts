import type { SealedRecord, SealedStore } from './sealed-store.ts'

/**
 * Shares the reads of one session among callers that ask at the same moment.
 *
 * A caller joins only a read that has not started. The result therefore contains every write that was completed before
 * its call, such as a sign-out. While a read runs, later callers share the next one, which starts after it.
 *
 * @param read - Reads a record from the store.
 */
export function shareReads(read: SealedStore['read']): SealedStore['read'] {
  const running = new Map<string, Promise<unknown>>()
  const waiting = new Map<string, Promise<SealedRecord | undefined>>()

  function launch(key: string): Promise<SealedRecord | undefined> {
    const start = () => {
      waiting.delete(key)
      running.set(key, work)
      return read(key)
    }
    const before = running.get(key) ?? Promise.resolve()
    const work: Promise<SealedRecord | undefined> = before.then(start, start)
    const clear = () => void (running.get(key) === work && running.delete(key))
    work.then(clear, clear)
    waiting.set(key, work)
    return work
  }

  return (key) => waiting.get(key) ?? launch(key)
}
