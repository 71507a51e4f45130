import type { Clock } from '../../ports/clock.ts'

/** A process that was stopped finds its timer due before it finds what has arrived in the meantime. */
const LAST_LOOK_MS = 50

/** Messages that arrive while somebody may be looking, in order. */
export interface Mailbox<T> {
  put(message: T): void
  /** Resolves to the next message, or to `undefined` when there was none for so long. */
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
