import * as oauth from 'oauth4webapi'
import type { RefreshAnswer, TokenEndpoint } from '../../ports/authorization-server.ts'
import { type KnownUser, namesAnotherUser } from '../../rules/protocol/same-user.ts'
import { readClaims } from '../../rules/protocol/jwt.ts'
import type { TokenGrant } from '../../model/session-record.ts'
import type { TokenRequest } from '../../model/token-parameters.ts'
import type { Connection } from './connection.ts'
import { errorResponse, refused, unanswered, answerOf, requestTokens } from './tokens.ts'
import { parseHttpDate } from '../../rules/protocol/time-headers.ts'

/** Validates the new ID token of a grant. */
export type JudgeIdToken = (
  idToken: string,
  grant: TokenGrant,
  user: KnownUser,
  server: oauth.AuthorizationServer,
) => Promise<RefreshAnswer>

/** @param judgeIdToken - Validates ID tokens. Without it, ID tokens are only compared with the user of the session. */
export function createTokenEndpoint(connection: Connection, judgeIdToken?: JudgeIdToken): TokenEndpoint {
  const { client, authenticate, wire, patientWire, clock, serverClock, metadata, probe } = connection
  return {
    async ready(keepAlive) {
      await metadata(keepAlive)
    },
    async refresh(refreshToken, request, claims, previousIdToken) {
      try {
        const server = await metadata()
        const options = { ...patientWire, additionalParameters: parametersOf(request) }
        const send = () => oauth.refreshTokenGrantRequest(server, client, authenticate, refreshToken, options)
        const answer = await requestTokens(send, serverClock)
        const { grant } = answer
        if (!grant?.accessToken && !grant?.refreshToken) return refused(answer, clock.now())
        const { idToken, ...tokens } = grant
        const date = parseHttpDate(answer.response.headers.get('date') ?? '')
        if (idToken === undefined) return { kind: 'refreshed', grant: tokens, date }
        const user = { claims, original: readClaims(previousIdToken), issuer: server.issuer }
        if (namesAnotherUser(user, readClaims(idToken) ?? {}))
          return { kind: 'subject_changed', grant: tokens }
        if (!judgeIdToken) return { kind: 'refreshed', grant: tokens, date }
        return { ...(await judgeIdToken(idToken, tokens, user, server)), date }
      } catch (error) {
        return unanswered(error)
      }
    },
    isResponding: () =>
      probe().then(
        () => true,
        () => false,
      ),
    async revoke(token, hint = 'refresh_token') {
      try {
        const server = await metadata()
        if (server.revocation_endpoint === undefined) return 'unsupported'
        const options = { ...wire, additionalParameters: { token_type_hint: hint } }
        const response = await oauth.revocationRequest(server, client, authenticate, token, options)
        if (response.status === 200) return 'revoked'
        return errorResponse(await answerOf(response)).error === 'unsupported_token_type'
          ? 'unsupported'
          : 'failed'
      } catch {
        return 'failed'
      }
    },
  }
}

function parametersOf({ resource, scope, parameters }: TokenRequest): URLSearchParams {
  const form = new URLSearchParams(parameters)
  for (const uri of [resource ?? []].flat()) form.append('resource', uri)
  if (scope !== undefined) form.set('scope', scope)
  return form
}
