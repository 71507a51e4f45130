import { createBoundedMap } from '../mechanisms/runtime/bounded-map.ts'
import { sha256 } from '../mechanisms/runtime/digest.ts'
import { immediateReadOf, withImmediateRead } from '../mechanisms/stores/guarded-store.ts'
import { createMemoryStore } from '../mechanisms/stores/memory-store.ts'
import { SHARED_STORE_HINT } from '../mechanisms/refresh/token-result.ts'
import { systemClock } from '../mechanisms/runtime/system-clock.ts'
import type { SessionIndex, SessionStore } from '../ports/session-store.ts'
import { detectSeveralProcesses, type ProcessEnvironment } from '../rules/stores/several-processes.ts'
import { createEmitter } from './emitter.ts'
import type { TokenOptionMembers } from './token-options.ts'

/** The options that select the default store. An application with several registrations has neither server nor client. */
type StoreOptions = Pick<TokenOptionMembers, 'encryptionSecret' | 'clock' | 'onEvent'> & {
  readonly issuer?: string
  readonly server?: { readonly issuer: string }
  readonly clientId?: string
}

/** The part of a map that is used here. */
interface Stores {
  get(id: string): SessionStore | undefined
  set(id: string, store: SessionStore): void
}

/**
 * Frameworks such as Next.js load a module twice, this one too, so module variables exist twice. A global symbol does
 * not. Raise the number if the stores or their records become incompatible.
 */
const DEFAULT_STORES = Symbol.for('evertoken.defaultStores.2')
/** More clients than a process has. Without a limit, an application that creates clients endlessly would run out of memory. */
const MAX_STORES = 1000

/**
 * Adds the default store if the option is absent. A store that is undefined is left for the check of the options.
 *
 * All instances in a process with the same issuer, client and secret share one default store. Otherwise, one of them
 * could use a refresh token that another one has spent.
 */
export function withDefaultStore<Options extends StoreOptions>(
  options: Options,
  environment?: ProcessEnvironment,
): Options & { readonly store: SessionStore } {
  const isAbsent = !('store' in Object(options))
  return (isAbsent ? { ...options, store: createDefaultStore(options, environment) } : options) as Options & {
    readonly store: SessionStore
  }
}

/** The store is looked up at its first use, because the hash of its secret is computed asynchronously. */
function createDefaultStore(
  options: StoreOptions,
  environment: ProcessEnvironment | undefined,
): SessionStore {
  let store: SessionStore | undefined

  // The store is kept, not the promise: some runtimes let no request await what another one started.
  async function find(): Promise<SessionStore> {
    const { clientId, encryptionSecret, clock } = options
    const issuer = options.issuer ?? options.server?.issuer
    // Only the hash is kept: the global symbol is visible to all code of the process. Instances with the same secrets can
    // read the records of each other, whatever the order.
    const secrets = [encryptionSecret]
      .flat()
      .map(String)
      .toSorted((a, b) => (a < b ? -1 : 1))
    const id = await sha256(JSON.stringify([issuer, clientId, secrets]))
    const stores = storesOf(clock)
    store = stores.get(id)
    if (store) return store
    store = createMemoryStore({ clock: clock ?? systemClock })
    stores.set(id, store)
    reportSeveralProcesses(options, environment)
    return store
  }

  const use = <T>(operation: (found: SessionStore) => Promise<T>): Promise<T> =>
    store ? operation(store) : find().then(operation)
  const useIndex = <T>(operation: (index: SessionIndex) => Promise<T>): Promise<T> =>
    use((found) => operation(found.index as SessionIndex))

  return {
    consistency: 'strong',
    outlivesProcess: false,
    // Another copy of this module may have created the store. Then no immediate read is known here.
    read: withImmediateRead(
      (key) => use((found) => found.read(key)),
      (key) => store && immediateReadOf(store)?.(key),
    ),
    swap: (...change) => use((found) => found.swap(...change)),
    remove: (key) => use((found) => found.remove(key)),
    index: {
      add: (...entry) => useIndex((index) => index.add(...entry)),
      keys: (term) => useIndex((index) => index.keys(term)),
      remove: (term, key) => useIndex((index) => index.remove(term, key)),
    },
  }
}

/** A store measures expiry with one clock, so instances with different clocks cannot share it. */
function storesOf(clock: object = globalThis): Stores {
  const globals = globalThis as { [DEFAULT_STORES]?: WeakMap<object, Stores> }
  const byClock = (globals[DEFAULT_STORES] ??= new WeakMap<object, Stores>())
  const stores = byClock.get(clock) ?? createBoundedMap<string, SessionStore>(MAX_STORES)
  byClock.set(clock, stores)
  return stores
}

function reportSeveralProcesses(
  { onEvent }: StoreOptions,
  environment: ProcessEnvironment | undefined,
): void {
  const reason = environment && detectSeveralProcesses(environment)
  if (reason) createEmitter(onEvent)({ type: 'store_not_shared', reason, hint: SHARED_STORE_HINT })
}
