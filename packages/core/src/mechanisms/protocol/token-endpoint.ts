import type { AuthorizationServer } from 'oauth4webapi'
import type { RefreshAnswer, TokenEndpoint } from '../../ports/authorization-server.ts'
import type { TokenGrant, UserClaims } from '../../rules/session-record.ts'
import type { TokenRequest } from '../../rules/token-key.ts'
import type { Connection } from './connection.ts'
import { errorResponse, refused, unanswered } from './refusals.ts'
import { requestTokens } from './tokens.ts'

/** Judges a grant by the new ID token that came with it. */
export type JudgeIdToken = (
  idToken: string,
  grant: TokenGrant,
  user: UserClaims,
  server: AuthorizationServer,
) => Promise<RefreshAnswer>

/** @param judgeIdToken - Without it ID tokens are not looked at. */
export function createTokenEndpoint(connection: Connection, judgeIdToken?: JudgeIdToken): TokenEndpoint {
  const { clock, metadata, post } = connection
  return {
    async ready() {
      await metadata()
    },
    async refresh(refreshToken, request, user) {
      try {
        const server = await metadata()
        const answer = await requestTokens(connection, server, formOf(refreshToken, request))
        const { grant } = answer
        if (!grant?.accessToken && !grant?.refreshToken) return refused(answer, clock.now())
        const { idToken, ...tokens } = grant
        if (idToken === undefined || !judgeIdToken) return { kind: 'refreshed', grant: tokens }
        return await judgeIdToken(idToken, tokens, user, server)
      } catch (error) {
        return unanswered(error)
      }
    },
    async revoke(token, hint = 'refresh_token') {
      try {
        const server = await metadata()
        if (server.revocation_endpoint === undefined) return 'unsupported'
        const form = new URLSearchParams({ token, token_type_hint: hint })
        const answer = await post(server, 'revocation_endpoint', form)
        if (answer.response.status === 200) return 'revoked'
        return errorResponse(answer).error === 'unsupported_token_type' ? 'unsupported' : 'failed'
      } catch {
        return 'failed'
      }
    },
  }
}

/** RFC 6749 §6; what was asked for cannot take the place of what the grant needs. */
function formOf(refreshToken: string, { resource, scope, parameters }: TokenRequest): URLSearchParams {
  const form = new URLSearchParams(parameters)
  for (const uri of [resource ?? []].flat()) form.append('resource', uri)
  if (scope !== undefined) form.set('scope', scope)
  form.set('grant_type', 'refresh_token')
  form.set('refresh_token', refreshToken)
  return form
}
