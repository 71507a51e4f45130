import type { ConnectionClient } from '../../mechanisms/connections/connection-tokens.ts'
import type { Connection as ServerConnection } from '../../mechanisms/protocol/connection.ts'
import type { ServerClock } from '../../mechanisms/protocol/server-clock.ts'
import { createLine } from '../../mechanisms/refresh/line.ts'
import { createRefreshTokenAcquisition } from '../../mechanisms/refresh/refreshers.ts'
import { createRefresher } from '../../mechanisms/refresh/refresher.ts'
import { createSignInClient } from '../../mechanisms/protocol/id-token.ts'
import { type ConnectedSignInServer, createSignInServer } from '../../mechanisms/protocol/sign-in.ts'
import { createTokenSignatures } from '../../mechanisms/protocol/token-signatures.ts'
import { splitScope } from '../../model/token-parameters.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import { nameOf } from '../authorization-modes.ts'
import { authorizationParametersOf } from '../authorization-parameters.ts'
import type { ConnectedTokenServer } from '../../mechanisms/protocol/token-server.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import type { RefreshPolicy } from '../../rules/refresh/decide.ts'
import { authenticationOf } from '../client-authentication.ts'
import { createClientServer } from '../client-server.ts'
import { createIdTokenReader } from '../given-grant.ts'
import type { ConnectionHost } from './connection-host.ts'
import { checkProvider, type ConnectionProvider, type ProviderValues } from './provider-options.ts'

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

/**
 * Creates the client of a provider.
 *
 * @param name - The name of the provider, for messages.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createProviderClient(
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
