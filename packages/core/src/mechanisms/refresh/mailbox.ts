import type { Clock } from '../../ports/clock.ts'

/** The last wait, in milliseconds. After a pause of the process, the timer fires before a message that has arrived. */
const LAST_LOOK_MS = 50

/** Queues messages in order for one reader, which might be waiting. */
export interface Mailbox<T> {
  put(message: T): void
  /** Resolves to the next message, or to `undefined` if none arrives in this time. */
  next(ms: number): Promise<T | undefined>
}

export function createMailbox<T>(clock: Clock): Mailbox<T> {
  const messages: T[] = []
  let arrived = new AbortController()

  return {
    put(message) {
      messages.push(message)
      arrived.abort('arrived')
    },
    async next(ms) {
      if (messages.length === 0) {
        arrived = new AbortController()
        const { signal } = arrived
        await clock.sleep(ms - LAST_LOOK_MS, signal)
        if (!signal.aborted) await clock.sleep(LAST_LOOK_MS, signal)
      }
      return messages.shift()
    },
  }
}
