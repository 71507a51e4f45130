import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { RequestContext } from '@evertoken/core/adapter'

/** The sessions of all instances of Evertoken, so that a middleware can restore them without other async contexts. */
const storage = new AsyncLocalStorage<ReadonlyMap<object, object>>()

/** Creates the async context of one instance. */
export function createRequestContext(): RequestContext {
  const instance = {}
  return {
    run: (value, work) => storage.run(new Map([...(storage.getStore() ?? []), [instance, value]]), work),
    get: () => storage.getStore()?.get(instance),
  }
}

/**
 * Gives the listeners of an object the current sessions, unless an event has its own. Node emits the events of a message
 * in the context of its connection, so a body parser that reads them would lose the session.
 */
export function keepSessions(emitter: EventEmitter): void {
  const sessions = storage.getStore() ?? new Map<object, object>()
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (...event: Parameters<typeof emit>) =>
    storage.getStore() ? emit(...event) : storage.run(sessions, () => emit(...event))
}
