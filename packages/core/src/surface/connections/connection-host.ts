import { systemClock, systemRandom } from '../../mechanisms/runtime/system-clock.ts'
import { createSeal, type Seal } from '../../mechanisms/sessions/seal.ts'
import { createGuardedStore, type GuardedStore } from '../../mechanisms/stores/guarded-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive, Runtime } from '../../ports/runtime.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { checkAll, invalid } from '../checks.ts'
import { findCurrent } from '../current-session.ts'
import { createWorkTracker, type WorkTracker } from '../drain.ts'
import { createEmitter } from '../emitter.ts'
import { commonSourcesOf, hasSeveralRegistrations } from '../application-sources.ts'
import type { SourceContext } from '../token-source.ts'
import {
  type AnyConnectionsOptions,
  OWN_OPTIONS,
  type OwnValues,
  SHARED_OPTIONS,
  type SharedValues,
} from './connections-options.ts'

/** The functions of a runtime that connections use. */
export type ConnectionsRuntime = Pick<Runtime, 'flights' | 'keepAlive' | 'pollMs'>

/** The parts that all connections of an application share. */
export interface ConnectionHost {
  readonly store: GuardedStore
  readonly isStorePrivate: boolean
  readonly seal: Seal
  readonly clock: Clock
  readonly emit: EventListener
  readonly random: () => number
  readonly flights: ConnectionsRuntime['flights']
  readonly pollMs: number | undefined
  readonly fetch: typeof globalThis.fetch | undefined
  readonly insecureHosts: readonly string[]
  /** Encrypts the attempts of owners to connect. */
  readonly connectSeal: Seal
  /** Returns the origin of the application in browsers. `undefined` if each request shows it. */
  readonly findOrigin: () => string | undefined
  /** The request that is handled now, if the application that signs users in handles it. */
  readonly currentRequest: () => Request | undefined
  /** Returns the prefix that browsers use for all paths of the application. Empty if it is at the root. */
  readonly findBasePath: () => string
  readonly refreshBeforeExpirySeconds: number
  readonly serverTimeoutMs: number
  readonly storeTimeoutMs: number
  readonly work: WorkTracker
  /** Whether a refresh can start. */
  readonly admits: () => boolean
  /** Keeps work alive that belongs to no request. */
  readonly keepAlive: KeepAlive
}

/** Applications with the same secret and store share their connections, also if one of them has no sessions. */
const SEAL_PURPOSE = ['connection', 'of an owner'] as const
const CONNECT_PURPOSE = ['connect', 'for an owner'] as const

/**
 * Creates the shared parts, from the options or from the application that signs users in.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createConnectionHost(
  options: AnyConnectionsOptions,
  runtime: ConnectionsRuntime,
): { readonly host: ConnectionHost; readonly values: SharedValues } {
  if (Object(options) === options && 'auth' in options) {
    const auth = Object(options.auth) as object
    if (hasSeveralRegistrations(auth) && options.owner === undefined) throw ownerMissing()
    const sources = commonSourcesOf(auth)
    if (!sources) throw invalid('auth', 'must be the result of `evertoken()`')
    if (sources.isStorePrivate) throw memoryStore()
    const values = checkAll<SharedValues>(SHARED_OPTIONS, options)
    return { host: hostOf(sources, runtime), values }
  }
  const values = checkAll<SharedValues & OwnValues>({ ...SHARED_OPTIONS, ...OWN_OPTIONS }, options)
  return { host: ownHost(values, runtime), values }
}

function hostOf(sources: SourceContext, { pollMs }: ConnectionsRuntime): ConnectionHost {
  const { store, isStorePrivate, clock, emit, random, flights, fetch, insecureHosts } = sources
  const { refreshBeforeExpirySeconds, serverTimeoutMs, storeTimeoutMs } = sources
  const work = createWorkTracker(clock, emit)
  const current = () => sources.requestContext && findCurrent(sources.requestContext)
  return {
    store,
    isStorePrivate,
    seal: sources.sealFor(...SEAL_PURPOSE),
    connectSeal: sources.sealFor(...CONNECT_PURPOSE),
    // A tenant can have its own address.
    findOrigin: () => current()?.application.origin ?? sources.origin,
    findBasePath: () => current()?.application.basePath ?? sources.basePath,
    currentRequest: () => current()?.browser?.request,
    clock,
    emit,
    random,
    flights,
    pollMs,
    fetch,
    insecureHosts,
    refreshBeforeExpirySeconds,
    serverTimeoutMs,
    storeTimeoutMs,
    work,
    admits: () => work.admits() && sources.admits(),
    keepAlive: work.tracking(sources.keepAlive),
  }
}

function ownHost(values: OwnValues, runtime: ConnectionsRuntime): ConnectionHost {
  const { clock = systemClock, fetch, insecureHosts, refreshBeforeExpirySeconds } = values
  const { flights, pollMs } = runtime
  const basePath = values.baseUrl === undefined ? '' : new URL(values.baseUrl).pathname.replace(/\/$/, '')
  const [emit, random] = [createEmitter(values.onEvent), systemRandom]
  const secrets = [values.encryptionSecret].flat() as [string, ...string[]]
  const storeTimeoutMs = values.storeTimeoutSeconds * 1000
  const work = createWorkTracker(clock, emit)
  return {
    store: createGuardedStore({ store: values.store, clock, emit, storeTimeoutMs, random }),
    isStorePrivate: values.store.outlivesProcess === false,
    seal: createSeal(secrets, SEAL_PURPOSE.join(' ')),
    connectSeal: createSeal(secrets, CONNECT_PURPOSE.join(' ')),
    findOrigin: () => values.baseUrl && new URL(values.baseUrl).origin,
    findBasePath: () => basePath,
    currentRequest: () => undefined,
    clock,
    emit,
    random,
    flights,
    pollMs,
    fetch,
    insecureHosts,
    refreshBeforeExpirySeconds,
    serverTimeoutMs: values.serverTimeoutSeconds * 1000,
    storeTimeoutMs,
    work,
    admits: work.admits,
    keepAlive: work.tracking(runtime.keepAlive),
  }
}

/** Users of two registrations can have the same `sub`, so it does not show whose connection it is. */
function ownerMissing() {
  return invalid(
    'owner',
    'is missing. The `registrations` of `auth` can have users with the same `sub`. Return an ID that names the ' +
      'registration and the user, such as `iss` and `sub`',
  )
}

/** A restart of the process would lose all grants, and the owners would have to connect again. */
function memoryStore() {
  return invalid(
    'auth',
    'keeps its sessions in the memory of this process, where connections would be lost. Set its option `store`. In ' +
      'tests, replace `auth` by `encryptionSecret` and `store: createMemoryStore()`',
  )
}
