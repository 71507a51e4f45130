import type { SessionStore } from '@evertoken/core/tokens'
import { checkSessionsBinding, notSqlite } from './bindings.ts'
import { NOT_SQLITE, type SessionsCall } from './sessions-call.ts'

/** Maps each store to a call that fails if its objects cannot keep sessions. */
const probes = new WeakMap<SessionStore, () => Promise<unknown>>()

/** @throws {ConfigurationError} If the class of the objects is not SQLite-backed. */
export async function probeStore(store: SessionStore): Promise<void> {
  await probes.get(store)?.()
}

/** The part of the platform's `DurableObjectNamespace` that is used here. */
export interface SessionsNamespace {
  /** Returns the ID of the object with this name. */
  idFromName(name: string): object
  /** Returns a stub that calls the object. */
  get(id: object): {
    fetch(
      url: string,
      init: { readonly method: string; readonly body: string },
    ): Promise<{ readonly status: number; json(): Promise<unknown> }>
  }
}

/**
 * Creates a session store of Durable Objects. Each session has its own object.
 *
 * The store is strongly consistent. An object ceases to exist when its session is over.
 *
 * @param namespace - The binding of the class `EvertokenSessions`.
 * @throws {ConfigurationError} If the binding is missing or has another type. The message names the fix.
 * @example
 *   const auth = evertoken((env: { SESSIONS: SessionsNamespace }) => ({
 *     ...options,
 *     store: createDurableObjectStore(env.SESSIONS),
 *   }))
 */
export function createDurableObjectStore(namespace: SessionsNamespace): SessionStore {
  checkSessionsBinding(namespace)

  async function ask<T>(name: string, ...call: SessionsCall): Promise<T> {
    const object = namespace.get(namespace.idFromName(name))
    const response = await object.fetch('https://sessions/', { method: 'POST', body: JSON.stringify(call) })
    if (response.status === NOT_SQLITE) throw notSqlite()
    return (await response.json()) as T
  }

  const session = (key: string) => `session:${key}`
  const term = (name: string) => `term:${name}`
  const now = () => Date.now() / 1000
  const store: SessionStore = {
    consistency: 'strong',
    read: async (key) => (await ask<string | null>(session(key), 'read')) ?? undefined,
    swap: (key, expected, record, expiresAt) => ask(session(key), 'swap', expected, record, expiresAt, now()),
    remove: (key) => ask(session(key), 'remove'),
    index: {
      add: (name, ...entry) => ask(term(name), 'add_key', ...entry, now()),
      keys: (name) => ask(term(name), 'list_keys'),
      remove: (name, key) => ask(term(name), 'remove_key', key),
    },
  }
  // Reading stores nothing.
  probes.set(store, () => ask('probe', 'read'))
  return store
}
