import type * as oauth from 'oauth4webapi'
import type { RefreshResult, TokenServer } from '../../ports/authorization-server.ts'
import { type KnownUser, namesAnotherUser } from '../../rules/protocol/same-user.ts'
import { isJsonObject } from '../../rules/members.ts'
import { readClaims } from '../../rules/protocol/jwt.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import type { RevocationOutcome } from '../../vocabulary/index.ts'
import type { Connection } from './connection.ts'
import { customMechanismOf } from './custom-requests.ts'
import { sendForm } from './form-request.ts'
import { createBoundedMap } from '../runtime/bounded-map.ts'
import { AFTER_LEASE_MS } from './http.ts'
import {
  hasAccessToken,
  requestTokens,
  readBody,
  type TokenEndpointResponse,
  type TokenRequestOptions,
  toRefreshResult,
  toResultWithoutResponse,
  withReason,
} from './token-request.ts'

/** Validates the new ID tokens of grants. */
export interface IdTokenValidation {
  validateIdToken(
    idToken: string,
    grant: TokenGrant,
    user: KnownUser,
    metadata: oauth.AuthorizationServer,
  ): Promise<RefreshResult>
  /** Fetches the keys that validate an ID token, if they are not known. */
  prefetchKeys(metadata: oauth.AuthorizationServer): Promise<void>
}

/**
 * How late a refresh token can be sent again for the nonce of a proof, in milliseconds. The first request leaves at least 2
 * seconds before another process can take the lease over. The second one leaves before that too: its authentication takes up
 * to a second.
 */
const RESEND_WITHIN_MS = 2000 - AFTER_LEASE_MS

/** A token server that lends its connection to further token requests, which only their importers contain. */
export interface ConnectedTokenServer extends TokenServer {
  readonly connection: Connection
}

/**
 * Creates the part of an authorization server that keeps tokens current.
 *
 * @param validation - Validates ID tokens. Without it, ID tokens are only compared with the user of the session.
 */
export function createTokenServer(
  connection: Connection,
  validation?: IdTokenValidation,
): ConnectedTokenServer {
  const { registration, client, authenticator, http, patientHttp } = connection
  const { dialect, fetchMetadata, metadataForToken, sendProbe, scopeSeparator, revocation } = connection

  async function sendRefreshToken(
    refreshToken: string,
    metadata: oauth.AuthorizationServer,
    authenticate: oauth.ClientAuth,
    parameters: TokenParameters,
    options: TokenRequestOptions,
  ): Promise<TokenEndpointResponse> {
    const form = toForm(parameters, scopeSeparator)
    form.set('grant_type', 'refresh_token')
    form.set('refresh_token', refreshToken)
    return requestTokens(form, authenticate, metadata, connection, options)
  }

  const { token: member = REFRESH, parameter = member === REFRESH ? 'token' : member } = revocation ?? {}
  /** The values of grants whose revocation has failed. A second use of their refresh token could fail. */
  const values = createBoundedMap<string, string | undefined>(MAX_VALUES)

  /**
   * Resolves to the value to revoke. The server may need another one than the refresh token. Then this function uses the refresh token
   * for it, because the grant is about to end.
   *
   * @returns `undefined` if the grant has ended, or another process has used the token and has failed to revoke the grant.
   */
  async function valueToRevoke(
    token: string,
    hint: 'refresh_token' | 'access_token',
    metadata: oauth.AuthorizationServer,
  ): Promise<string | undefined> {
    if (member === REFRESH || member === hint) return token
    if (hint === REFRESH && !values.get(token)) {
      const result = await sendRefreshToken(token, metadata, await authenticator.request(), {}, {})
      const value = result.response.ok && isJsonObject(result.body) ? result.body[member] : undefined
      if (typeof value === 'string') values.set(token, value)
      else if (toRefreshResult(result, connection).kind !== 'rejected') throw new Error('No token')
    }
    return values.get(token)
  }

  return {
    registration,
    connection,
    binding: connection.binding,
    refusesEndedTokens: revocation !== undefined,
    ready: (keepAlive) => Promise.all([fetchMetadata(keepAlive), authenticator.prepare()]),
    async refresh(wanted) {
      const { refreshToken, parameters, user, idToken: previousIdToken, isContinued, proofKey } = wanted
      try {
        const metadata = await fetchMetadata()
        // The response has a new ID token. Its new refresh token is stored sooner if the keys are known by then.
        if (previousIdToken !== undefined) validation?.prefetchKeys(metadata).catch(() => undefined)
        const authenticate = await authenticator.prepared()
        const sending = { http: patientHttp, proofKey, resendWithinMs: RESEND_WITHIN_MS }
        const result = await sendRefreshToken(refreshToken, metadata, authenticate, parameters, sending)
        const { grant, date } = result
        // An error response can repeat the refresh token that it refuses.
        const isNew = result.response.ok || grant?.refreshToken !== refreshToken
        if (!grant || !(hasAccessToken(grant) || (grant.refreshToken && isNew)))
          return toRefreshResult(result, connection)
        const { idToken, ...usable } = grant
        const tokens = withReason(usable, result)
        if (idToken === undefined) return { kind: 'refreshed', grant: tokens, date }
        const original = readClaims(previousIdToken)
        const expected = metadataForToken(metadata, idToken)
        const { issuer } = expected
        const known = { claims: user, original, issuer, clientId: client.client_id, isContinued }
        if (namesAnotherUser(known, readClaims(idToken) ?? {}))
          return { kind: 'subject_changed', grant: tokens }
        if (!validation) return { kind: 'refreshed', grant: tokens, date }
        return { ...(await validation.validateIdToken(idToken, tokens, known, expected)), date }
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
        if (dialect.revoke)
          return outcomeOf(await dialect.revoke(token, { clientId: client.client_id, send: http }))
        const metadata = await fetchMetadata()
        const url =
          revocation?.url.replace('{client_id}', encodeURIComponent(client.client_id)) ??
          metadata.revocation_endpoint
        const authenticate =
          url &&
          (await (revocation
            ? customMechanismOf(revocation)?.authenticate(connection, parameter)
            : authenticator.request()))
        const value = authenticate && (await valueToRevoke(token, hint, metadata))
        if (!value) return 'unsupported'
        const form = new URLSearchParams({
          [parameter]: value,
          ...(!revocation && { token_type_hint: hint }),
        })
        const request = { url, method: revocation?.method, form, authenticate, metadata }
        const rules = { client, tokenRequest: revocation ?? connection.tokenRequest }
        const { response, body } = await readBody(await sendForm(request, rules, http))
        const { error, ok } = isJsonObject(body) ? body : {}
        // Some servers report errors with the status 200.
        if (response.ok && error === undefined && ok !== false) {
          // A server can return the same refresh token again, for another grant.
          if (values.get(token)) values.set(token, undefined)
          return 'revoked'
        }
        return error === 'unsupported_token_type' ? 'unsupported' : 'failed'
      } catch {
        return 'failed'
      }
    },
  }
}

const REFRESH = 'refresh_token'
/** How many values are kept, because each is a token. */
const MAX_VALUES = 100

/** The function of a dialect can return anything. An outcome that is not known has failed. */
function outcomeOf(outcome: unknown): RevocationOutcome {
  return OUTCOMES.find((each) => each === outcome) ?? 'failed'
}

const OUTCOMES: readonly RevocationOutcome[] = ['revoked', 'unsupported', 'nothing_to_revoke']

/** Returns the form members of a token request. */
export function toForm(
  { resource, audience, scope, parameters }: TokenParameters,
  scopeSeparator: string,
): URLSearchParams {
  const form = new URLSearchParams(parameters)
  if (audience !== undefined) form.set('audience', audience)
  for (const uri of [resource ?? []].flat()) form.append('resource', uri)
  if (scope !== undefined) form.set('scope', scope.replaceAll(' ', scopeSeparator))
  return form
}
