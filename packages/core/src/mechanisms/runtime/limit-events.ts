import type { Clock } from '../../ports/clock.ts'
import type { EventListener, EvertokenEvent } from '../../vocabulary/index.ts'

const INTERVAL_MS = 60_000

/**
 * Creates a listener for events that a hostile server or browser can cause with every message.
 *
 * The listener passes on at most one event of each kind per minute.
 *
 *
 * @returns A function of the event and its kind. The kinds must be a fixed set.
 */
export function limitEvents(
  emit: EventListener | undefined,
  clock: Clock,
): (event: EvertokenEvent, kind?: string) => void {
  const emittedAt = new Map<string, number>()
  return (event, kind = event.type) => {
    if (clock.elapsed() - (emittedAt.get(kind) ?? -Infinity) < INTERVAL_MS) return
    emittedAt.set(kind, clock.elapsed())
    emit?.(event)
  }
}
