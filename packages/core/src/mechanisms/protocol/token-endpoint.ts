import * as oauth from 'oauth4webapi'
import type { RefreshAnswer, TokenEndpoint } from '../../ports/authorization-server.ts'
import type { UserClaims } from '../../rules/session-record.ts'
import type { TokenRequest } from '../../rules/token-key.ts'
import { parseJsonObject, readTokenResponse } from '../../rules/token-response.ts'
import { oauthError, refused, unanswered } from './answers.ts'
import type { Connection } from './connection.ts'

/**
 * What a new ID token says of the user: claims, that it does not hold, or another user. It may also have nothing to
 * say.
 */
export type ReadIdToken = (
  idToken: string,
  user: UserClaims,
  server: oauth.AuthorizationServer,
) => Promise<UserClaims | 'ignored' | 'another_subject'>

/** @param readIdToken - Without it ID tokens are not looked at. */
export function createTokenEndpoint(connection: Connection, readIdToken?: ReadIdToken): TokenEndpoint {
  const { client, authenticate, wire, clock, metadata } = connection

  async function refresh(
    refreshToken: string,
    request: TokenRequest,
    user: UserClaims,
  ): Promise<RefreshAnswer> {
    try {
      const server = await metadata()
      const sentAt = clock.now()
      const additionalParameters = parametersOf(request)
      const response = await oauth.refreshTokenGrantRequest(server, client, authenticate, refreshToken, {
        ...wire,
        additionalParameters,
      })
      const body = parseJsonObject(await response.text())
      const grant = response.status === 200 ? readTokenResponse(body, sentAt) : undefined
      if (!grant?.accessToken && !grant?.refreshToken) return refused(response, body, clock.now())
      const { idToken, ...rest } = grant
      if (idToken === undefined || !readIdToken) return { kind: 'refreshed', grant: rest }
      const claims = await readIdToken(idToken, user, server)
      if (claims === 'another_subject') return { kind: 'subject_changed', grant: rest }
      if (claims === 'ignored') return { kind: 'refreshed', grant: rest, idTokenIgnored: true }
      return { kind: 'refreshed', grant: { ...grant, claims } }
    } catch (error) {
      return unanswered(error)
    }
  }

  return {
    refresh,
    async ready() {
      await metadata()
    },
    async revoke(token, hint = 'refresh_token') {
      try {
        const server = await metadata()
        if (server.revocation_endpoint === undefined) return 'unsupported'
        const additionalParameters = { token_type_hint: hint }
        const response = await oauth.revocationRequest(server, client, authenticate, token, {
          ...wire,
          additionalParameters,
        })
        if (response.status === 200) return 'revoked'
        const { error } = oauthError(response.status, parseJsonObject(await response.text()))
        return error === 'unsupported_token_type' ? 'unsupported' : 'failed'
      } catch {
        return 'failed'
      }
    },
  }
}

function parametersOf({ resource, scope, parameters }: TokenRequest): URLSearchParams {
  const result = new URLSearchParams(parameters)
  for (const uri of [resource ?? []].flat()) result.append('resource', uri)
  if (scope !== undefined) result.set('scope', scope)
  return result
}
