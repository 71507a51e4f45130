import * as oauth from 'oauth4webapi'
import type { TokenEndpoint } from '../../ports/authorization-server.ts'
import type { LogoutToken } from '../../rules/logout-token.ts'
import { systemClock } from '../system-clock.ts'
import { type ConnectionOptions, createConnection } from './connection.ts'
import { createIdTokenJudge } from './id-token.ts'
import { createKeyCache } from './key-cache.ts'
import { checkLogoutToken } from './logout-tokens.ts'
import { createSignInProtocol, type SignInProtocol } from './sign-in.ts'
import { createTokenEndpoint } from './token-endpoint.ts'
import { withQuery } from './with-query.ts'

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

const CAPABILITY = /_endpoint$|_supported$|^jwks_uri$/

export function createProtocol(options: ProtocolOptions): Protocol {
  const { clientId, clock, openid } = options
  const connection = createConnection(options, {
    client_id: clientId,
    // Makes oauth4webapi, which reads the system's clock, judge ID tokens by ours.
    get [oauth.clockSkew]() {
      return clock.now() - systemClock.now()
    },
  })
  const { client, metadata } = connection
  const keys = createKeyCache(options)
  return {
    ...createTokenEndpoint(connection, createIdTokenJudge(client)),
    ...createSignInProtocol(connection, openid),
    logoutToken: (token) => checkLogoutToken(connection, keys, token),
    async endSessionUrl(parameters) {
      const endpoint = (await metadata()).end_session_endpoint
      return endpoint === undefined ? undefined : withQuery(endpoint, parameters)
    },
    async capabilities() {
      const facts = Object.entries(await metadata())
      return Object.fromEntries(facts.filter(([name]) => CAPABILITY.test(name)))
    },
  }
}
