import { isPromise } from '../mechanisms/runtime/is-promise.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { type Check, hook, listOf } from './checks.ts'

/** One listener, or several. Each of them receives every event. */
export type EventListeners = EventListener | readonly EventListener[]

export const eventListeners: Check = (value) => (Array.isArray(value) ? listOf(hook)(value) : hook(value))

/**
 * Creates a function that passes events to the listeners of the application, whose errors must not affect users.
 *
 * @param listeners - One listener, or several. By default, none.
 * @returns A listener that never throws.
 * @example
 *   const emit = createEmitter((event) => console.log(event.type))
 */
export function createEmitter(listeners: EventListeners = []): EventListener {
  const all = [listeners].flat()
  return (event) => {
    for (const listener of all) {
      try {
        const result: unknown = listener(event)
        if (isPromise(result)) result.then(undefined, () => undefined)
      } catch {
        // The documentation of `EventListener` promises that errors are ignored.
      }
    }
  }
}
