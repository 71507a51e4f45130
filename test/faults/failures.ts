import type { Call, Chronicle } from './chronicle.ts'
import { API } from './wire.ts'

/** The events that show the failure of a caller, or of the store that it needs. */
const SHOWING = new Set(['token_unavailable', 'store_failed', 'refresh_failed'])

/** Whether an event of the same process shows that a call failed. */
export function isSeen({ told }: Chronicle, { instance, began, ended }: Call): boolean {
  return told.some(
    ({ event, ...at }) =>
      at.instance === instance &&
      at.order > began.order &&
      at.order < (ended?.order ?? Infinity) &&
      SHOWING.has(event.type),
  )
}

const WINDOW_MS = 1000
/** One flight sends three times at most, and the flight of the next caller may begin in the same second. */
const MOST_IN_WINDOW = 4

/** Ten callers must not make more requests of one kind in a second than one caller can. */
export function checkBound({ requests }: Chronicle): string[] {
  const byPlace = new Map<string, number[]>()
  for (const { url, instance, time } of requests) {
    if (time === undefined || url.origin === API) continue
    const place = `${url.origin}${url.pathname} by instance ${instance}`
    byPlace.set(place, [...(byPlace.get(place) ?? []), time])
  }
  return [...byPlace].flatMap(([place, times]) => {
    const first = times.findIndex(
      (time, index) => (times[index + MOST_IN_WINDOW] ?? Infinity) - time < WINDOW_MS,
    )
    return first === -1 ? [] : [`more than ${MOST_IN_WINDOW} requests to ${place} at ${times[first]}`]
  })
}
