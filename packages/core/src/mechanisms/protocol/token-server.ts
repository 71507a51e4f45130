import * as oauth from 'oauth4webapi'
import type { RefreshResult, TokenServer } from '../../ports/authorization-server.ts'
import { type KnownUser, namesAnotherUser } from '../../rules/protocol/same-user.ts'
import { type TokenDialect, writeScope } from '../../rules/protocol/token-dialect.ts'
import { readClaims } from '../../rules/protocol/jwt.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import type { Connection } from './connection.ts'
import {
  requestTokens,
  readBody,
  toOAuthError,
  toRefreshResult,
  toResultWithoutResponse,
} from './token-request.ts'

/** Validates the new ID token of a grant. */
export type ValidateIdToken = (
  idToken: string,
  grant: TokenGrant,
  user: KnownUser,
  metadata: oauth.AuthorizationServer,
) => Promise<RefreshResult>

/** A token server that lends its connection to further token requests, which only their importers contain. */
export interface ConnectedTokenServer extends TokenServer {
  readonly connection: Connection
}

/**
 * Creates the part of an authorization server that keeps tokens current.
 *
 * @param validateIdToken - Validates ID tokens. Without it, ID tokens are only compared with the user of the session.
 */
export function createTokenServer(
  connection: Connection,
  validateIdToken?: ValidateIdToken,
): ConnectedTokenServer {
  const { registration, client, authenticator, wire, patientWire, clock } = connection
  const { fetchMetadata, sendProbe } = connection
  return {
    registration,
    connection,
    ready: (keepAlive) => Promise.all([fetchMetadata(keepAlive), authenticator.prepare()]),
    async refresh({ refreshToken, parameters, user, idToken: previousIdToken }) {
      try {
        const metadata = await fetchMetadata()
        const authenticate = await authenticator.prepared()
        const options = { ...patientWire, additionalParameters: toForm(parameters, connection) }
        const send = () =>
          oauth.refreshTokenGrantRequest(metadata, client, authenticate, refreshToken, options)
        const result = await requestTokens(send, connection)
        const { grant, date } = result
        if (!grant?.accessToken && !grant?.refreshToken) return toRefreshResult(result, clock.now())
        const { idToken, ...tokens } = grant
        if (idToken === undefined) return { kind: 'refreshed', grant: tokens, date }
        const known = { claims: user, original: readClaims(previousIdToken), issuer: metadata.issuer }
        if (namesAnotherUser(known, readClaims(idToken) ?? {}))
          return { kind: 'subject_changed', grant: tokens }
        if (!validateIdToken) return { kind: 'refreshed', grant: tokens, date }
        return { ...(await validateIdToken(idToken, tokens, known, metadata)), date }
      } catch (error) {
        return toResultWithoutResponse(error)
      }
    },
    isResponding: () =>
      sendProbe().then(
        () => true,
        () => false,
      ),
    async revoke(token, hint = 'refresh_token') {
      try {
        const metadata = await fetchMetadata()
        if (metadata.revocation_endpoint === undefined) return 'unsupported'
        const authenticate = await authenticator.request()
        const options = { ...wire, additionalParameters: { token_type_hint: hint } }
        const response = await oauth.revocationRequest(metadata, client, authenticate, token, options)
        if (response.status === 200) return 'revoked'
        const { error } = toOAuthError(await readBody(response))
        return error === 'unsupported_token_type' ? 'unsupported' : 'failed'
      } catch {
        return 'failed'
      }
    },
  }
}

/** Returns the form members of a token request. */
export function toForm(
  { resource, scope, parameters }: TokenParameters,
  dialect: Pick<TokenDialect, 'scopeSeparator'>,
): URLSearchParams {
  const form = new URLSearchParams(parameters)
  for (const uri of [resource ?? []].flat()) form.append('resource', uri)
  if (scope !== undefined) form.set('scope', writeScope(scope, dialect))
  return form
}
