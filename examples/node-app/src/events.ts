import { randomUUID } from 'node:crypto'
import type { EvertokenEvent } from '@evertoken/node'

/** A line of the log: an event, or as many of the same kind as came in a row. */
interface Entry {
  readonly id: string
  readonly at: number
  readonly event: EvertokenEvent
  count: number
}

type Subscriber = (event: EvertokenEvent, entry: Entry) => void

const KEPT = 50
const MAX_BEHIND = 1000

const entries: Entry[] = []
const subscribers = new Set<Subscriber>()

/** Keeps the event and sends it to all listeners. Events contain no token, so all pages can see them. */
export function publish(event: EvertokenEvent): void {
  const entry = append(event)
  for (const subscriber of subscribers) subscriber(event, entry)
}

/** @returns Ends the subscription. */
export function subscribe(subscriber: Subscriber): () => void {
  subscribers.add(subscriber)
  return () => {
    subscribers.delete(subscriber)
  }
}

/** The log as server-sent events: the kept events, then new ones. */
export function stream(): Response {
  const encoder = new TextEncoder()
  let leave: (() => void) | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (name: string, entry: Entry) =>
        controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(entry)}\n\n`))
      for (const entry of entries) send('kept', entry)
      leave = subscribe((_event, entry) => {
        if ((controller.desiredSize ?? 0) > -MAX_BEHIND) return send('message', entry)
        // A slow reader is disconnected. A browser reconnects automatically.
        leave?.()
        controller.close()
      })
    },
    cancel: () => leave?.(),
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}

function append(event: EvertokenEvent): Entry {
  const last = entries.at(-1)
  if (last?.event.type === 'token_shared' && event.type === 'token_shared') {
    last.count++
    return last
  }
  const entry = { id: randomUUID(), at: Date.now(), event, count: 1 }
  entries.push(entry)
  if (entries.length > KEPT) entries.shift()
  return entry
}
