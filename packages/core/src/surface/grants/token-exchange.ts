import { requestGrant } from '../../mechanisms/protocol/extension-grant.ts'
import { toForm } from '../../mechanisms/protocol/token-server.ts'
import { signInRequired } from '../../handlers/problem.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import { omitUndefined, pick } from '../../rules/members.ts'
import { issuedTypes, type TokenType, tokenTypeUrn } from '../../rules/protocol/grant-response.ts'
import { invalid } from '../checks.ts'
import { checkTokenParameters, PARAMETER_NAMES } from '../token-parameter-checks.ts'
import {
  type ClientCredentials,
  connectSource,
  isTokenSource,
  keyOfSource,
  type TokenSource,
} from '../token-source.ts'
import type { GrantCall, GrantContext } from './grant-call.ts'
import { createGrantSource } from './grant-source.ts'
import { idTokenOf } from './id-token.ts'
import { identityOf } from './token-identity.ts'

/** The token to exchange: the user's own one with this request, or the result of a function. */
export type SubjectSource =
  | TokenParameters
  | ((context: GrantContext) => string | undefined | Promise<string | undefined>)

/** Which token to exchange, and which one to request for it. */
export interface TokenExchangeOptions extends TokenParameters {
  /**
   * The token to exchange. A request selects a token of the user. A function returns any other token, such as the one that your
   * service was called with, or `undefined` if a user must sign in.
   *
   * The function is called for each call. The new token is used only for calls with the same subject token. In a session, two
   * JWTs are the same if they differ only in their signature and in `iat`, `nbf`, `exp` and `jti`.
   *
   * @default the access token of the user
   */
  readonly subject?: SubjectSource
  /**
   * The type of the token to exchange. With `id_token` and without a function, it is the ID token of the session.
   *
   * @default 'access_token'
   */
  readonly subjectTokenType?: TokenType
  /**
   * The party that acts for the user (delegation). Without it, the new token cannot be distinguished from one of the user
   * (impersonation).
   *
   * A function is called for each call. In a session, it can sign a new JWT each time. In a service without users, return the
   * same JWT until it expires, because the new token is used only with the same JWT.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-1.1 RFC 8693, section 1.1: Delegation vs. Impersonation}
   */
  readonly actor?: ClientCredentials | ((context: GrantContext) => string | Promise<string>)
  /**
   * The type of the new token. Another type in the response throws `issued_token_type_unexpected`.
   *
   * @default the choice of the server: an access token, or a JWT that is used as one
   */
  readonly requestedTokenType?: TokenType
}

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const NAMES = ['subject', 'subjectTokenType', 'actor', 'requestedTokenType'] as const

/**
 * Exchanges a token of the user for a token for another API (RFC 8693).
 *
 * Pass it as `token` of `getUserAccessToken`, of a token fetch or of a proxy route. The new token is kept in the session and ends
 * with it. All calls and processes share one exchange, which is repeated when the token is due.
 *
 * @param options - The API, and the tokens to exchange.
 * @returns A value that is bound to no application.
 * @throws {ConfigurationError} If an option is invalid. A call throws `grant_refused` if the server refuses the exchange. The
 *   session is kept.
 * @example
 *   const billing = auth.createTokenFetch({ baseUrl, token: tokenExchange({ audience: 'billing' }) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2.1 RFC 8693, section 2.1: Request}
 */
export function tokenExchange(options: TokenExchangeOptions): TokenSource {
  checkTokenParameters(options, NAMES)
  const { subject = {}, subjectTokenType = 'access_token', actor, requestedTokenType } = options
  const parameters = parametersOf(options)
  checkSubject(subject)
  if (typeof subject !== 'function' && !['access_token', 'id_token'].includes(subjectTokenType))
    throw invalid('subject', `must be a function that returns a token of the type '${subjectTokenType}'`)
  if (actor !== undefined && typeof actor !== 'function' && !isTokenSource(actor))
    throw invalid('actor', 'must be `clientCredentials()` or a function')

  return createGrantSource({
    grant: TOKEN_EXCHANGE,
    usesServer: true,
    async plan(call) {
      const { application, context, keepAlive } = call
      const given = typeof subject === 'function' ? await subjectOf(call, subject) : undefined
      const acting = typeof actor === 'function' ? await actor(context) : undefined
      const types = [subjectTokenType, requestedTokenType ?? '']
      const actorKey = typeof actor === 'object' ? keyOfSource(actor) : await identityOf(call, acting)
      return {
        parameters,
        identity: [...types, (await identityOf(call, given)) ?? subject, actorKey],
        async prepare() {
          const form = toForm(parameters, application.connection.scopeSeparator)
          const own = () =>
            subjectTokenType === 'id_token' ? idTokenOf(call) : call.userToken(subject as TokenParameters)
          form.set('subject_token', given ?? (await own()))
          form.set('subject_token_type', tokenTypeUrn(subjectTokenType))
          const actorToken =
            typeof actor === 'object'
              ? (await connectSource(actor, application)({ keepAlive })).value
              : acting
          if (actorToken !== undefined) {
            form.set('actor_token', actorToken)
            form.set('actor_token_type', tokenTypeUrn('access_token'))
          }
          if (requestedTokenType) form.set('requested_token_type', tokenTypeUrn(requestedTokenType))
          const expected = { scope: parameters.scope, issuedTypes: issuedTypes(requestedTokenType) }
          const allowsOther = requestedTokenType !== undefined && requestedTokenType !== 'access_token'
          return (knownKey) =>
            requestGrant(application.connection, TOKEN_EXCHANGE, form, expected, knownKey, allowsOther)
        },
      }
    },
  })
}

/** Returns the part of the options that selects the token. */
export function parametersOf(options: TokenParameters): TokenParameters {
  return omitUndefined(pick(options, PARAMETER_NAMES))
}

/** @throws {ConfigurationError} If it is neither a function nor a request. */
export function checkSubject(subject: unknown): void {
  if (typeof subject !== 'function') checkTokenParameters(subject as TokenParameters)
}

/** @throws {SignInRequiredError} If the function returns no token. */
export async function subjectOf(
  { context }: GrantCall,
  subject: Extract<SubjectSource, (...args: never) => unknown>,
): Promise<string> {
  const token = await subject(context)
  if (token === undefined) throw signInRequired('no_session')
  return token
}
