import * as oauth from 'oauth4webapi'
import type { TokenEndpoint } from '../../ports/authorization-server.ts'
import type { LogoutToken } from '../../rules/logout-token.ts'
import { systemClock } from '../system-clock.ts'
import { type ConnectionOptions, createConnection } from './connection.ts'
import { createIdTokenReader } from './id-token.ts'
import { checkLogoutToken } from './logout-tokens.ts'
import { createSignInProtocol, type SignInProtocol } from './sign-in.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

/** The authorization server, as a client sees it. */
export interface Protocol extends TokenEndpoint, SignInProtocol {
  /** Resolves to `undefined` when the server offers no RP-initiated logout. */
  endSessionUrl(parameters: Readonly<Record<string, string | undefined>>): Promise<URL | undefined>
  /** See `checkLogoutToken`. */
  logoutToken(token: string): Promise<LogoutToken>
  /** Of the metadata, what tells what the server can do. */
  capabilities(): Promise<Readonly<Record<string, unknown>>>
}

export interface ProtocolOptions extends ConnectionOptions {
  /** Whether a sign-in must bring an ID token. */
  readonly openid: boolean
}

const CAPABILITIES = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
  'jwks_uri',
  'code_challenge_methods_supported',
  'response_modes_supported',
  'id_token_signing_alg_values_supported',
  'authorization_response_iss_parameter_supported',
  'backchannel_logout_supported',
  'backchannel_logout_session_supported',
  'frontchannel_logout_supported',
  'frontchannel_logout_session_supported',
] as const

export function createProtocol(options: ProtocolOptions): Protocol {
  const { clientId, clock } = options
  const connection = createConnection(options, {
    client_id: clientId,
    // Makes oauth4webapi, which reads the system's clock, judge ID tokens by ours.
    get [oauth.clockSkew]() {
      return clock.now() - systemClock.now()
    },
  })
  const { metadata } = connection
  return {
    ...createTokenEndpoint(connection, createIdTokenReader(connection)),
    ...createSignInProtocol(connection, options.openid),
    logoutToken: (token) => checkLogoutToken(connection, token),
    async endSessionUrl(parameters) {
      const endpoint = (await metadata()).end_session_endpoint
      if (endpoint === undefined) return undefined
      const url = new URL(endpoint)
      for (const [name, value] of Object.entries(parameters))
        if (value !== undefined) url.searchParams.set(name, value)
      return url
    },
    async capabilities() {
      const server = await metadata()
      return Object.fromEntries(CAPABILITIES.map((name) => [name, server[name]]))
    },
  }
}
