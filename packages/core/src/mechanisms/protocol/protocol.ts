import * as oauth from 'oauth4webapi'
import type { TokenEndpoint } from '../../ports/authorization-server.ts'
import type { LogoutToken } from '../../rules/protocol/logout-token.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { type ConnectionOptions, createConnection } from './connection.ts'
import { createIdTokenJudge } from './id-token.ts'
import { createKeyCache } from './key-cache.ts'
import { checkLogoutToken } from './logout-tokens.ts'
import { createSignInProtocol, type SignInProtocol, withQuery } from './sign-in.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

/** Provides the operations of the authorization server that a client uses. */
export interface Protocol extends TokenEndpoint, SignInProtocol {
  /** Resolves to `undefined` if the server does not support RP-initiated logout. */
  endSessionUrl(parameters: Readonly<Record<string, string | undefined>>): Promise<URL | undefined>
  /** Checks a logout token (see `checkLogoutToken`). */
  logoutToken(token: string): Promise<LogoutToken>
  /** Returns the part of the metadata that describes the capabilities of the server. */
  capabilities(): Promise<Readonly<Record<string, unknown>>>
}

export interface ProtocolOptions extends ConnectionOptions {
  /** Whether a sign-in must return an ID token. */
  readonly openid: boolean
}

const CAPABILITY = /_endpoint$|_supported$|^jwks_uri$/

export function createProtocol(options: ProtocolOptions): Protocol {
  const { clientId, clock, openid } = options
  const connection = createConnection(options, {
    client_id: clientId,
    // oauth4webapi reads the clock of the system. The skew makes it validate ID tokens by the clock of Evertoken.
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
