import {
  type ConnectionChanges,
  createConnectionChanges,
} from '../../mechanisms/connections/connection-changes.ts'
import type { ConnectionListener } from '../../mechanisms/connections/connection-handle.ts'
import {
  type ConnectionRef,
  type ConnectionStore,
  createConnectionStore,
} from '../../mechanisms/connections/connection-store.ts'
import type { RefreshIndex } from '../../mechanisms/connections/refresh-index.ts'
import { fingerprint } from '../../mechanisms/runtime/digest.ts'
import { redact } from '../../mechanisms/runtime/redact.ts'
import { createUsedLogins, type UsedLogins } from '../../mechanisms/sign-in/used-logins.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionIndex } from '../../ports/session-store.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { invalid } from '../checks.ts'
import { idleGrantsMechanismOf } from './keep-alive-value.ts'
import { type ConnectionHost, type ConnectionsRuntime, createConnectionHost } from './connection-host.ts'
import { splitName } from './connection-names.ts'
import type { AnyConnectionsOptions, SharedValues } from './connections-options.ts'
import { createProviderClients, type ProviderClients } from './provider-clients.ts'
import { checkProviderNames } from './provider-options.ts'

/** The parts of `createConnections` that all invocations share. */
export interface ConnectionApplication {
  /** The parts that do not depend on a provider. */
  readonly host: ConnectionHost
  /** The checked options. */
  readonly values: SharedValues
  /** The clients of the providers. */
  readonly clients: ProviderClients
  /** The records of the connections. */
  readonly store: ConnectionStore
  /** The connections by their last refresh, with the option `keepAlive`. */
  readonly refreshIndex: RefreshIndex | undefined
  /** The changes that an owner causes. */
  readonly changes: ConnectionChanges
  /** Emits events, and calls the hooks. */
  readonly listener: ConnectionListener
  /** Calls the hooks that belong to one provider. */
  readonly callHook: CallHook
  /** The attempts to connect that were finished. */
  readonly usedLogins: UsedLogins
  /** The prefix of the routes, below the base path. */
  readonly routePrefix: string
}

/** Calls a hook of the application, if there is one. Resolves after it, also if it has failed. */
export type CallHook = <T>(
  hook: ((connection: T) => void | Promise<void>) | undefined,
  connection: T,
  ref: ConnectionRef,
  keepAlive: KeepAlive,
) => Promise<void>

/**
 * Creates the parts of `createConnections` that all invocations share. Adapters call it.
 *
 * @param options - The options of `createConnections`.
 * @param runtime - The functions of the runtime.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const settings = { encryptionSecret, store, providers: { google: { issuer, clientId, clientSecret } } }
 *   const application = createConnectionApplication(settings, runtime)
 *   const connections = connectConnections(application)
 */
export function createConnectionApplication(
  options: AnyConnectionsOptions,
  runtime: ConnectionsRuntime,
): ConnectionApplication {
  const { host, values } = createConnectionHost(options, runtime)
  checkProviderNames(values.providers)
  const { clock, emit, seal } = host
  const store = createConnectionStore({ store: host.store, seal, now: () => clock.now() })
  const callHook = createHookCaller(emit)
  const listener = createListener(emit, callHook, values)
  const refreshIndex = idleGrantsMechanismOf(values.keepAlive)?.createIndex({
    store,
    index: indexOf(host.store),
    clock,
  })
  const changes = createConnectionChanges({ store, clock, listener, emit, refreshIndex })
  const usedLogins = createUsedLogins(host.store, 'connections')
  const clients = createProviderClients(values.providers, host)
  const routePrefix = values.routePrefix.replace(/\/$/, '')
  return { host, values, clients, store, refreshIndex, changes, listener, callHook, usedLogins, routePrefix }
}

function indexOf({ index }: Pick<ConnectionHost['store'], 'index'>): SessionIndex {
  if (!index) throw invalid('store', 'must have an `index` for `keepAlive()`')
  return index
}

function createHookCaller(emit: EventListener): CallHook {
  return (hook, connection, { key }, keepAlive) => {
    const work = (async () => hook?.(connection))().catch((error: unknown) =>
      emit({ type: 'connection_hook_failed', connection: fingerprint(key), cause: redact(error) }),
    )
    keepAlive(work)
    return work
  }
}

/** Emits the events of connections, and calls the hooks of the application. */
function createListener(
  emit: EventListener,
  callHook: CallHook,
  { onBroken, onRecovered }: SharedValues,
): ConnectionListener {
  const factsOf = ({ key, name }: ConnectionRef) => ({
    connection: fingerprint(key),
    provider: splitName(name).provider,
  })

  return {
    created: (ref) => emit({ type: 'connection_created', ...factsOf(ref) }),
    removed: (ref) => emit({ type: 'connection_removed', ...factsOf(ref) }),
    broken(ref, reason, keepAlive) {
      const { owner, name } = ref
      emit({ type: 'connection_broken', ...factsOf(ref), reason })
      void callHook(onBroken, { owner, name, reason }, ref, keepAlive)
    },
    recovered(ref, keepAlive) {
      const { owner, name } = ref
      emit({ type: 'connection_recovered', ...factsOf(ref) })
      void callHook(onRecovered, { owner, name }, ref, keepAlive)
    },
  }
}
