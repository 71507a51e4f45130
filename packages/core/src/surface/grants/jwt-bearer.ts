import { requestGrant } from '../../mechanisms/protocol/extension-grant.ts'
import { toForm } from '../../mechanisms/protocol/token-server.ts'
import type { ProofKey } from '../../model/proof-key.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import { invalid } from '../checks.ts'
import { checkTokenParameters } from '../token-parameter-checks.ts'
import type { TokenSource } from '../token-source.ts'
import type { GrantCall, GrantContext } from './grant-call.ts'
import { createGrantSource } from './grant-source.ts'
import { checkSubject, parametersOf, subjectOf, type SubjectSource } from './token-exchange.ts'
import { identityOf } from './token-identity.ts'

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** Which token to request, and for which token of the user. */
export interface OnBehalfOfOptions extends TokenParameters {
  /**
   * The token to exchange, as for `tokenExchange`.
   *
   * @default the access token of the user
   */
  readonly subject?: SubjectSource
}

/**
 * Gets a token for another API with the on-behalf-of flow of Microsoft Entra ID.
 *
 * The user's token must be for your own application, because Entra ID refuses a token for another API.
 *
 * @param options - The scope, such as `api://reports/.default`.
 * @returns A value for `token`, as `tokenExchange` returns it.
 * @throws {ConfigurationError} If an option is invalid. A call throws `grant_refused` if the server refuses the request.
 * @example
 *   const reports = auth.createTokenFetch({ baseUrl, token: onBehalfOf({ scope: 'api://reports/.default' }) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.1 RFC 7523, section 2.1: JWTs as Authorization Grants}
 */
export function onBehalfOf(options: OnBehalfOfOptions): TokenSource {
  checkTokenParameters(options, ['subject'])
  const { subject = {} } = options
  checkSubject(subject)
  const parameters = parametersOf(options)
  return createGrantSource({
    grant: JWT_BEARER,
    usesServer: true,
    async plan(call) {
      const given = typeof subject === 'function' ? await subjectOf(call, subject) : undefined
      return {
        parameters,
        identity: ['on_behalf_of', (await identityOf(call, given)) ?? subject],
        async prepare() {
          const assertion = given ?? (await call.userToken(subject as TokenParameters))
          return requestWith(call, parameters, { assertion, requested_token_use: 'on_behalf_of' })
        },
      }
    },
  })
}

/** Which token to request, and the JWT that proves the right to it. */
export interface JwtBearerOptions extends TokenParameters {
  /**
   * Returns the JWT. It is called for each call for a token, because its claims select the token. Those about time do not.
   *
   * In a service without users, return the same JWT until it expires, because a token is used only with the same JWT.
   */
  readonly assertion: (context: GrantContext) => string | Promise<string>
}

/**
 * Gets a token with a JWT that another party, or your own application, has signed (RFC 7523).
 *
 * @param options - The JWT, and the token to request.
 * @returns A value for `token`, as `tokenExchange` returns it.
 * @throws {ConfigurationError} If an option is invalid. A call throws `grant_refused` if the server refuses the JWT.
 * @example
 *   const ledger = jwtBearer({ scope: 'ledger:read', assertion: ({ claims }) => signFor(claims.sub) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.1 RFC 7523, section 2.1: JWTs as Authorization Grants}
 */
export function jwtBearer(options: JwtBearerOptions): TokenSource {
  checkTokenParameters(options, ['assertion'])
  const { assertion: sign } = options
  if (typeof sign !== 'function') throw invalid('assertion', 'must be a function that returns a JWT')
  const parameters = parametersOf(options)
  return createGrantSource({
    grant: JWT_BEARER,
    usesServer: true,
    async plan(call) {
      const assertion = await sign(call.context)
      return {
        parameters,
        identity: ['jwt', await identityOf(call, assertion)],
        prepare: async () => requestWith(call, parameters, { assertion }),
      }
    },
  })
}

function requestWith(
  { application: { connection } }: GrantCall,
  parameters: TokenParameters,
  members: Readonly<Record<string, string>>,
) {
  const form = toForm(parameters, connection.scopeSeparator)
  for (const [name, value] of Object.entries(members)) form.set(name, value)
  return (knownKey?: ProofKey) =>
    requestGrant(connection, JWT_BEARER, form, { scope: parameters.scope }, knownKey)
}
