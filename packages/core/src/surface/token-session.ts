import { isPromise } from '../mechanisms/runtime/is-promise.ts'
import { type CallOptions, readCall } from './call-options.ts'
import { endSession, reportIncomplete, unconfirmedParts } from '../mechanisms/sessions/end-session.ts'
import { revokeRefreshToken } from '../mechanisms/sessions/revocation.ts'
import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import { keepAliveUntilDone } from '../mechanisms/runtime/background-work.ts'
import type { UserClaims } from '../model/token-grant.ts'
import type { RequestContext } from '../ports/runtime.ts'
import { tokenKey, type TokenParameters } from '../model/token-parameters.ts'
import type { AccessToken, RevocationOutcome } from '../vocabulary/index.ts'
import { sessionTokenOf } from './access-tokens.ts'
import type { BoundSession, SessionTokenDemand } from './bound-session.ts'
import type { EventListeners } from './emitter.ts'
import { createSessionFinder } from './current-session.ts'
import { getSourceToken, type SourceTokenOptions } from './source-access.ts'
import { startSession, type StartOptions } from './start-session.ts'
import { createBoundTokenFetch, type Outside } from './bound-token-fetch.ts'
import { copyClaims } from '../model/session-record.ts'
import { createSessionInfo, type SessionInfo } from './session-info.ts'
import type { TokenName, UserTokenName } from './token-source.ts'
import type { TokenFetchOptions } from './token-fetch-options.ts'

/** The access token that a caller requests: one of the user's own with a request, or one of a source. */
export type TokenOptions =
  | (TokenParameters & CallOptions & { readonly token?: never })
  | (SourceTokenOptions & { readonly [Part in keyof TokenParameters]?: never })

/** The session of one user with their tokens. */
export interface TokenSession<Name extends TokenName = UserTokenName> {
  /**
   * Returns an access token for the user and refreshes it first if it has expired.
   *
   * Concurrent calls share one token request, across processes too.
   *
   * @param options - Which token to return. By default, the token from the sign-in.
   * @returns The token, or `undefined` if the user must sign in.
   * @throws {TryLaterError} If no token is available now. The session is kept.
   * @throws {ConfigurationError} If an option is invalid or the authorization server rejects the client.
   * @throws {OperatorError} If the session store or the key service fails.
   * @example
   *   const token = await auth.getUserAccessToken()
   *   if (token) headers.set('authorization', `${token.type} ${token.value}`)
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
   */
  getUserAccessToken(options?: TokenOptions): Promise<AccessToken | undefined>
  /**
   * Creates a `fetch` that sends the token of this user.
   *
   * @param options - Where the token is sent, and which token.
   * @throws {ConfigurationError} If an option is missing, unknown or invalid.
   * @example
   *   const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
   *   const response = await orders('recent')
   * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750, section 2.1: Authorization Request Header Field}
   */
  createTokenFetch(options: TokenFetchOptions<Name>): TokenFetch
  /**
   * Ends the grant at the authorization server. The session continues until its access token expires.
   *
   * @returns Whether the refresh token was revoked.
   * @example
   *   const outcome = await auth.revokeRefreshToken() // 'revoked'
   * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2: Token Revocation}
   */
  revokeRefreshToken(): Promise<RevocationOutcome>
  /**
   * Returns the claims about the user. If the access token has expired, it is refreshed first, so that a revoked grant ends
   * the session.
   *
   * @returns The claims, or `undefined` if no user is signed in.
   * @example
   *   const user = await auth.getUser()
   *   console.log(user?.sub)
   */
  getUser(): Promise<UserClaims | undefined>
  /**
   * Resolves to the facts about the session, or to `undefined` if there is none. Refreshes nothing.
   *
   * @throws {OperatorError} If the session store does not respond.
   * @example
   *   const id = (await auth.getSession())?.id // for a job that calls `auth.sessionById(id)`
   */
  getSession(): Promise<SessionInfo | undefined>
  /**
   * Starts a session from a token response that the application received.
   *
   * Call it as soon as you have the response. If this process does not know the time of the authorization server, it asks
   * for it first, for at most 2 seconds.
   *
   * @param tokenResponse - The JSON of the token response.
   * @param options - `claims` replaces the claims of the ID token.
   * @throws {ConfigurationError} If the token response has no Bearer access token, or `sub` differs from its ID token.
   * @example
   *   const tokenResponse = await (await fetch(tokenRequest)).json()
   *   await auth.startSession(tokenResponse, { claims: { sub: 'alice' } })
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 RFC 6749, section 5.1: Successful Response}
   */
  startSession(tokenResponse: unknown, options?: StartOptions): Promise<void>
  /**
   * Ends the session here and clears its cookie. Revokes nothing.
   *
   * If the store does not respond within 2 seconds, Evertoken emits `sign_out_incomplete` and completes the end in the
   * background. A session from `sessionById` has no cookie: there, the call rejects.
   *
   * @throws {OperatorError} From `sessionById`, if the store fails. Calling again completes the end.
   * @example
   *   await auth.endSession()
   */
  endSession(): Promise<void>
}

const DEFAULT_TOKEN: SessionTokenDemand = { key: '', request: {} }

/** @param bound - Finds the session, at every call. */
export function createTokenSession(bound: () => BoundSession, outside?: Outside): TokenSession<TokenName> {
  return {
    async getUserAccessToken(options) {
      if (options?.token !== undefined) {
        const { application, session } = bound()
        return getSourceToken(options, application.sources, { find: bound, keepAlive: session.keepAlive })
      }
      const demand = options === undefined ? DEFAULT_TOKEN : demandOf(options)
      const { getToken: obtain, application } = bound()
      const obtained = obtain(demand)
      const result = isPromise(obtained) ? await obtained : obtained
      if (result.kind !== 'token') return undefined
      const time = result.time ?? application.serverClock.read()
      return sessionTokenOf(result, time, application)
    },
    createTokenFetch: (options) => createBoundTokenFetch(bound, options, outside),
    async revokeRefreshToken() {
      const { session, application } = bound()
      const { servers, emit } = application
      return keepAliveUntilDone(revokeRefreshToken(session, servers, emit), session.keepAlive)
    },
    async getUser() {
      const { session, current } = bound()
      const snapshot = await keepAliveUntilDone(current(), session.keepAlive)
      if (snapshot) session.observe(snapshot)
      return snapshot && copyClaims(snapshot.record.claims)
    },
    async startSession(tokenResponse, options = {}) {
      const at = bound()
      await keepAliveUntilDone(startSession(at, tokenResponse, options), at.session.keepAlive)
    },
    async endSession() {
      const { session, application } = bound()
      const { servers, emit, clock } = application
      const ending = endSession('signed_out', { session, servers, emit, clock, revoke: false })
      const signOut = await keepAliveUntilDone(ending, session.keepAlive)
      if (signOut) reportIncomplete(signOut.key, unconfirmedParts(signOut, false), emit, true)
    },
    async getSession() {
      const { session, application } = bound()
      const snapshot = await (await session.find())?.read()
      if (!snapshot) return undefined
      session.observe(snapshot)
      return createSessionInfo(snapshot.record, application)
    },
  }
}

/**
 * Creates the functions of a token session for the user of the request being handled. Adapters call it.
 *
 * @param context - The context that `createTokenEngine` also got. It finds the request.
 * @param onEvent - Receives the event of a call outside of a request.
 * @param outside - Finds the application for calls that need no user. By default, the request finds it.
 * @example
 *   const engine = createTokenEngine({ ...tokenOptions, store }, runtime)
 *   export const tokens = { ...createCurrentTokens(runtime.context, tokenOptions.onEvent), ...engine }
 */
export function createCurrentTokens(
  context: RequestContext,
  onEvent?: EventListeners,
  outside?: Outside,
): TokenSession {
  return createTokenSession(createSessionFinder(context, onEvent), outside)
}

function demandOf(options: TokenParameters & CallOptions): SessionTokenDemand {
  const [request, demand] = readCall(options)
  return { ...demand, key: tokenKey(request), request }
}
