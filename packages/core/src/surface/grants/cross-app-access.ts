import { requestGrant } from '../../mechanisms/protocol/extension-grant.ts'
import { toForm } from '../../mechanisms/protocol/token-server.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import { tokenTypeUrn } from '../../rules/protocol/grant-response.ts'
import { invalid } from '../checks.ts'
import type { ClientAuthenticationOptions } from '../client-authentication.ts'
import { checkClientOptions } from '../client-option-checks.ts'
import { type ClientApplication, createClientApplication } from '../client-application.ts'
import type { ServerChoice } from '../server-profile.ts'
import { checkTokenParameters } from '../token-parameter-checks.ts'
import type { SourceContext, TokenSource } from '../token-source.ts'
import type { GrantContext } from './grant-call.ts'
import { createGrantSource } from './grant-source.ts'
import { idTokenOf } from './id-token.ts'
import { JWT_BEARER } from './jwt-bearer.ts'
import { parametersOf, subjectOf, TOKEN_EXCHANGE } from './token-exchange.ts'
import { identityOf } from './token-identity.ts'

/** Your client at the authorization server of another application. */
export type OtherRegistration = ServerChoice &
  ClientAuthenticationOptions & {
    /** The ID of your client there. */
    readonly clientId: string
    /**
     * The `fetch` for calls to that server.
     *
     * @default the `fetch` of the runtime
     */
    readonly fetch?: typeof globalThis.fetch
  }

/** The other application, and the token to request there. */
export interface CrossAppAccessOptions extends Omit<TokenParameters, 'audience'> {
  /** Your client at the authorization server of the other application. */
  readonly at: OtherRegistration
  /**
   * Returns the ID token of the user, or `undefined` if the user must sign in.
   *
   * @default the ID token of the session
   */
  readonly subject?: (context: GrantContext) => string | undefined | Promise<string | undefined>
}

/** The type of an identity assertion authorization grant. */
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag'

/**
 * Gets a token for an API of another application, whose users sign in at the same identity provider.
 *
 * Your authorization server vouches for the user with an identity assertion, and the server of the other application issues the
 * token for it. The user is not asked. No refresh token is kept.
 *
 * @param options - The other application, and the token to request there.
 * @returns A value for `token`, as `tokenExchange` returns it.
 * @throws {ConfigurationError} If an option is invalid. A call throws `grant_refused` if one of the servers refuses.
 * @example
 *   const at = { issuer: 'https://login.partner.example', clientId: 'web', clientSecret }
 *   const tickets = auth.createTokenFetch({ baseUrl, token: crossAppAccess({ at, scope: 'tickets:read' }) })
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-identity-assertion-authz-grant Identity Assertion Authorization Grant}
 */
export function crossAppAccess(options: CrossAppAccessOptions): TokenSource {
  const { at, subject } = Object(options) as CrossAppAccessOptions
  checkTokenParameters(options, ['at', 'subject'])
  const isObject = typeof at === 'object' && at !== null
  if (!isObject) throw invalid('at', 'must be your client at the server of the other application')
  checkClientOptions(at, 'at.')
  if (subject !== undefined && typeof subject !== 'function') throw invalid('subject', 'must be a function')
  const issuer = (at.server?.issuer ?? at.issuer) as string
  const parameters = parametersOf(options)
  const others = new WeakMap<SourceContext, ClientApplication['context']>()

  /** Returns the parts of the other server. They belong to one application, because they use its clock and flights. */
  function otherOf(application: SourceContext): ClientApplication['context'] {
    const known = others.get(application)
    if (known) return known
    const { context } = createClientApplication({ ...at, clock: application.clock }, application)
    others.set(application, context)
    return context
  }

  return createGrantSource({
    grant: JWT_BEARER,
    usesServer: true,
    connectionOf: (application) => otherOf(application).connection,
    async plan(call) {
      const given = subject && (await subjectOf(call, subject))
      return {
        parameters,
        identity: [ID_JAG, issuer, at.clientId, await identityOf(call, given)],
        async prepare() {
          const { connection } = call.application
          const other = otherOf(call.application)
          const idToken = given ?? (await idTokenOf(call))
          await other.server.ready(call.keepAlive ?? call.application.keepAlive)
          const form = toForm({ ...parameters, audience: issuer }, connection.scopeSeparator)
          form.set('subject_token', idToken)
          form.set('subject_token_type', tokenTypeUrn('id_token'))
          form.set('requested_token_type', ID_JAG)
          return async (knownKey) => {
            const vouched = await requestGrant(
              connection,
              TOKEN_EXCHANGE,
              form,
              { issuedTypes: [ID_JAG] },
              knownKey,
              true,
            )
            const assertion = vouched.kind === 'refreshed' ? vouched.grant.accessToken?.value : undefined
            if (assertion === undefined) return vouched
            const { scope } = parameters
            const request = toForm(parameters, other.connection.scopeSeparator)
            request.set('assertion', assertion)
            return byOwnClock(await requestGrant(other.connection, JWT_BEARER, request, { scope }, knownKey))
          }
        },
      }
    },
  })
}

/** Another server has another clock, so the times of its token are stored by the clock of this process. */
function byOwnClock(result: RefreshResult): RefreshResult {
  const token = result.kind === 'refreshed' ? result.grant.accessToken : undefined
  if (result.kind !== 'refreshed' || !token) return result
  const { ahead = 0, obtainedAt, expiresAt, refreshAt, ...rest } = token as StoredToken
  const times = { obtainedAt: obtainedAt - ahead, expiresAt: expiresAt - ahead }
  const advice = refreshAt === undefined ? {} : { refreshAt: refreshAt - ahead }
  return { ...result, grant: { accessToken: { ...rest, ...times, ...advice } } }
}
