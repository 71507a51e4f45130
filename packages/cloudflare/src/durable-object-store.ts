import type { SessionStore } from '@evertoken/core/tokens'
import { checkSessionsBinding, notSqlite } from './bindings.ts'
import { NOT_SQLITE, type SessionsCall } from './sessions-call.ts'

/** Of each store, a call that fails if its objects cannot keep sessions. */
const probes = new WeakMap<SessionStore, () => Promise<unknown>>()

/** @throws ConfigurationError when the class of the objects is not SQLite-backed. */
export async function probeStore(store: SessionStore): Promise<void> {
  await probes.get(store)?.()
}

/** Of the platform's `DurableObjectNamespace`, what is used here. */
export interface SessionsNamespace {
  idFromName(name: string): object
  get(id: object): {
    fetch(
      url: string,
      init: { readonly method: string; readonly body: string },
    ): Promise<{ readonly status: number; json(): Promise<unknown> }>
  }
}

/**
 * A session store of Durable Objects, one to a session: strongly consistent, and gone when the session is over.
 *
 * @throws ConfigurationError when the binding is missing, or is of another kind; it says what to add.
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
