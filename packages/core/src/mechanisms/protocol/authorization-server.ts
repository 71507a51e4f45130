import * as oauth from 'oauth4webapi'
import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import { endSessionUrl, type EndSessionRules } from '../../rules/sign-in/end-session-url.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { type ConnectionOptions, createConnection, wrongMetadata } from './connection.ts'
import { createIdTokenValidator } from './id-token.ts'
import { createKeyCache } from './key-cache.ts'
import { verifyLogoutToken } from './logout-tokens.ts'
import { createSignInServer } from './sign-in.ts'
import { type ConnectedTokenServer, createTokenServer } from './token-server.ts'

export interface AuthorizationServerOptions extends ConnectionOptions {
  /** Whether a sign-in must return an ID token. */
  readonly openid: boolean
  readonly isDefaultScope?: boolean
  readonly endSession?: EndSessionRules
}

/** Names in the metadata that describe the server (RFC 8414 §2). Other members might be internal to its operator. */
const CAPABILITY = /_endpoint$|_supported$|^jwks_uri$/

/** Creates an authorization server with all its functions. `createTokenServer` has only those that need no sign-in. */
export function createAuthorizationServer(
  options: AuthorizationServerOptions,
): AuthorizationServer & ConnectedTokenServer {
  const { clientId, clock, openid } = options
  const connection = createConnection(
    { ...options, signsIn: true },
    {
      client_id: clientId,
      // oauth4webapi reads the clock of the system. The skew makes it validate ID tokens by the clock of Evertoken.
      get [oauth.clockSkew]() {
        return clock.now() - systemClock.now()
      },
    },
  )
  const { client, fetchMetadata } = connection
  const keys = createKeyCache(options)
  return {
    ...createTokenServer(connection, createIdTokenValidator(client)),
    ...createSignInServer(connection, openid, options.isDefaultScope),
    verifyLogoutToken: (token) => verifyLogoutToken(connection, keys, token),
    async endSessionUrl(parameters) {
      const endpoint = options.endSession?.url ?? (await fetchMetadata()).end_session_endpoint
      if (endpoint === undefined) return undefined
      if (!options.addresses.isSafe(endpoint)) throw wrongMetadata('`end_session_endpoint` is not on https')
      return endSessionUrl(endpoint, parameters, options.endSession)
    },
    async capabilities() {
      const facts = Object.entries(await fetchMetadata())
      return Object.fromEntries(facts.filter(([name]) => CAPABILITY.test(name)))
    },
  }
}
