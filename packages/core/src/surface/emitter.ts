import type { EventListener } from '../vocabulary/index.ts'

/** Creates a function that passes events to the listener of the application, whose errors must not affect users. */
export function createEmitter(listener: EventListener | undefined): EventListener {
  return (event) => {
    try {
      const result: unknown = listener?.(event)
      if (result instanceof Promise) result.catch(() => undefined)
    } catch {
      // The documentation of `EventListener` promises that errors are ignored.
    }
  }
}
