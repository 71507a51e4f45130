import type { ConnectionClient } from '../../mechanisms/connections/connection-tokens.ts'
import type { Connection as ServerConnection } from '../../mechanisms/protocol/connection.ts'
import type { ServerClock } from '../../mechanisms/protocol/server-clock.ts'
import { createLine } from '../../mechanisms/refresh/line.ts'
import { createRefreshTokenAcquisition } from '../../mechanisms/refresh/refreshers.ts'
import { createRefresher } from '../../mechanisms/refresh/refresher.ts'
import { createBoundedMap } from '../../mechanisms/runtime/bounded-map.ts'
import { type ConnectedSignInServer, createSignInServer } from '../../mechanisms/protocol/sign-in.ts'
import { createSignInClient } from '../../mechanisms/protocol/id-token.ts'
import { createTokenSignatures } from '../../mechanisms/protocol/token-signatures.ts'
import { splitScope } from '../../model/token-parameters.ts'
import { nameOf } from '../authorization-modes.ts'
import { authorizationParametersOf } from '../authorization-parameters.ts'
import { invalid } from '../checks.ts'
import type { ConnectedTokenServer } from '../../mechanisms/protocol/token-server.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import type { RefreshPolicy } from '../../rules/refresh/decide.ts'
import { bindLate, isSameRegistration, LATE_BOUND } from '../../rules/registrations/reuse.ts'
import { authenticationOf } from '../client-authentication.ts'
import { createClientServer } from '../client-server.ts'
import { createIdTokenReader } from '../given-grant.ts'
import type { ConnectionHost } from './connection-host.ts'
import {
  checkProvider,
  type ConnectionContext,
  type ConnectionProvider,
  type ConnectionProviderResolver,
  type ConnectionProviders,
  type ProviderValues,
} from './provider-options.ts'

/** The client of a provider, with the parts that its connections use. */
export interface ProviderClient extends ConnectionClient {
  readonly values: ProviderValues
  readonly server: ConnectedTokenServer & ConnectedSignInServer
  /** The configured parameters of the authorization request. */
  readonly authorizationParameters: URLSearchParams
  readonly connection: ServerConnection
  readonly addresses: ServerAddresses
  readonly serverClock: ServerClock
  readonly readIdToken: (idToken: string) => UserClaims
}

export interface ProviderClients {
  /** @throws What the function of the application throws, and a {@link ConfigurationError} for an invalid result. */
  clientFor(provider: string, context: ConnectionContext): ProviderClient | Promise<ProviderClient>
  /** Returns the client of a provider that is not a function. */
  knownClient(provider: string): ProviderClient | undefined
  /** Whether a function of the application returns the provider. */
  isResolved(provider: string): boolean
  /** Forgets what the function of the application returned, because the server has refused the client. */
  forget(provider: string, context: ConnectionContext): void
}

interface Resolved {
  readonly client: ProviderClient
  /** When the function was called, by the monotonic clock in milliseconds. */
  readonly at: number
}

interface SharedClient {
  readonly client: ProviderClient
  /** The latest result of the function, whose functions are called. */
  provider: ConnectionProvider
}

const RESOLVED_MS = 300_000
/** How long a result is kept although the server refuses it, so that each request does not call the function. */
const REFUSED_MS = 30_000
const MAX_RESOLVED = 10_000
const MAX_CLIENTS = 1000

/**
 * Creates the clients of all providers.
 *
 * A function is called once for each owner and label within 5 minutes. Results that are equal share one client, with its
 * metadata, its clock and its line of requests.
 */
export function createProviderClients(providers: ConnectionProviders, host: ConnectionHost): ProviderClients {
  const { clock } = host
  const fixed = new Map<string, ProviderClient>()
  const resolved = createBoundedMap<string, Resolved | undefined>(MAX_RESOLVED)
  const clients = createBoundedMap<string, SharedClient>(MAX_CLIENTS)
  for (const [name, provider] of Object.entries(providers))
    if (typeof provider !== 'function') fixed.set(name, createProviderClient(name, provider, host))

  const keyOf = (name: string, { owner, label }: ConnectionContext) => JSON.stringify([name, owner, label])

  async function resolve(name: string, context: ConnectionContext): Promise<ProviderClient> {
    const provider = await (providers[name] as ConnectionProviderResolver)(context)
    const id = JSON.stringify([name, provider?.server?.issuer ?? provider?.issuer, provider?.clientId])
    const known = clients.get(id)
    const isKnown = known && isSameRegistration(known.provider, provider, LATE_BOUND)
    const shared = isKnown ? known : createSharedClient(name, provider, host)
    if (shared.client.values.ownerFrom)
      throw invalid(`providers.${name}.ownerFrom`, 'must be absent, because the function gets the owner')
    shared.provider = provider
    clients.set(id, shared)
    resolved.set(keyOf(name, context), { client: shared.client, at: clock.elapsed() })
    return shared.client
  }

  const ageOf = (found: Resolved) => clock.elapsed() - found.at

  return {
    clientFor(name, context) {
      const known = fixed.get(name)
      if (known) return known
      const key = keyOf(name, context)
      const found = resolved.get(key)
      if (found && ageOf(found) < RESOLVED_MS) return found.client
      return host.flights.join(`provider ${key}`, '', () => resolve(name, context), clock).result
    },
    knownClient: (name) => fixed.get(name),
    isResolved: (name) => Object.hasOwn(providers, name) && !fixed.has(name),
    forget(name, context) {
      const key = keyOf(name, context)
      const found = resolved.get(key)
      if (found && ageOf(found) >= REFUSED_MS) resolved.set(key, undefined)
    },
  }
}

function createSharedClient(name: string, provider: ConnectionProvider, host: ConnectionHost): SharedClient {
  const client = createProviderClient(
    name,
    bindLate(provider, () => shared.provider),
    host,
  )
  const shared: SharedClient = { client, provider }
  return shared
}

function createProviderClient(
  name: string,
  provider: ConnectionProvider,
  host: ConnectionHost,
): ProviderClient {
  const { clock, emit, random, flights, insecureHosts, serverTimeoutMs, storeTimeoutMs } = host
  const values = checkProvider(name, provider, insecureHosts)
  const { profile, clientId, senderConstraint, fetch = host.fetch } = values
  const authentication = authenticationOf(values, profile)
  const { clockToleranceSeconds } = profile
  const { addresses, http, connection, server, serverClock } = createClientServer({
    client: createSignInClient({ clientId, clockToleranceSeconds }),
    profile,
    clientId,
    authentication,
    senderConstraint,
    insecureHosts,
    fetch,
    clock,
    emit,
    random,
    flights,
    serverTimeoutMs,
  })
  const policy: RefreshPolicy = {
    consumes: 'refresh_token',
    reuse: profile.refreshTokenReuse,
    refreshBeforeExpirySeconds: host.refreshBeforeExpirySeconds,
    serveDuringRefresh: !profile.refreshEndsAccessToken,
  }
  const refresher = createRefresher({
    acquisition: createRefreshTokenAcquisition(server, policy),
    server,
    clock,
    serverClock,
    emit,
    random,
    isStorePrivate: host.isStorePrivate,
    line: createLine({ clock, random, pollMs: host.pollMs }),
    flights,
    serverTimeoutMs,
    storeTimeoutMs,
    admits: host.admits,
  })
  const { scope, isDefaultScope, authorizationParameters } = authorizationParametersOf(values, profile)
  const responseMode = nameOf(values.responseMode)
  if (responseMode !== 'query') authorizationParameters.set('response_mode', responseMode)
  const { idTokenSigningAlgorithm } = profile
  const { secret: clientSecret } = connection.authenticator
  const signatures = createTokenSignatures({
    http,
    flights,
    clock,
    addresses,
    idTokenSigningAlgorithm,
    clientSecret,
  })
  const signInServer = createSignInServer(connection, signatures, {
    ...profile,
    addresses,
    openid: splitScope(scope).includes('openid'),
    isDefaultScope,
    authorizationRequest: values.authorizationRequest,
    signedResponse: values.responseMode,
  })
  return {
    values,
    server: { ...server, ...signInServer },
    authorizationParameters,
    connection,
    addresses,
    serverClock,
    refresher,
    readIdToken: createIdTokenReader(profile),
  }
}
