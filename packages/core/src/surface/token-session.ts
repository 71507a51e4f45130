import { endSession, reportIncomplete, unconfirmedParts } from '../mechanisms/sessions/end-session.ts'
import { revokeRefreshToken } from '../mechanisms/sessions/revocation.ts'
import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import { keepAliveUntilDone } from '../mechanisms/runtime/background-work.ts'
import { endsAt, type SessionRecord } from '../model/session-record.ts'
import type { UserClaims } from '../model/token-grant.ts'
import type { RequestContext } from '../ports/runtime.ts'
import { tokenKey, type TokenParameters } from '../model/token-parameters.ts'
import { readTokenResponse } from '../rules/protocol/token-response.ts'
import { type AccessToken, ConfigurationError, type RevocationOutcome } from '../vocabulary/index.ts'
import { accessTokenOf, type BoundSession, type SessionLifetimes } from './bound-session.ts'
import type { EventListeners } from './emitter.ts'
import { createSessionFinder } from './current-session.ts'
import { checkTokenParameters, rejectedValue } from './checks.ts'
import { createBoundTokenFetch, type Outside } from './bound-token-fetch.ts'
import type { TokenName, UserTokenName } from './token-source.ts'
import type { TokenFetchOptions } from './token-fetch-options.ts'

/** The access token that a caller requests, and a signal to abort the wait. */
export interface TokenOptions extends TokenParameters {
  /** Aborts this call. The refresh continues for other callers. */
  readonly signal?: AbortSignal | undefined
  /**
   * A token that a resource server rejected with `invalid_token`. Evertoken returns another token, unless several were
   * rejected in a row and this one is new.
   */
  readonly rejectedToken?: AccessToken | undefined
}

/** The facts about a user that the application knows from its own sign-in. */
export interface StartOptions {
  /**
   * Claims about the user, which the session keeps in place of the claims of the ID token. `sub` must be the `sub`
   * from the authorization server. A refresh does not change them, unless the option `onSignIn` does.
   */
  readonly claims?: UserClaims
}

/** The session of one user with their tokens. */
export interface TokenSession<Name extends TokenName = UserTokenName> {
  /**
   * Resolves to a current token, or to `undefined` if the user must sign in.
   *
   * @throws {TryLaterError | ConfigurationError | OperatorError} If no token is available now. The session is kept.
   */
  getUserAccessToken(options?: TokenOptions): Promise<AccessToken | undefined>
  /** Creates a `fetch` that sends the token of this user. */
  createTokenFetch(options: TokenFetchOptions<Name>): TokenFetch
  /** Ends the grant at the authorization server (RFC 7009). The session continues until its access token expires. */
  revokeRefreshToken(): Promise<RevocationOutcome>
  /**
   * Resolves to the claims about the user, or to `undefined` if no user is signed in. If the access token has expired, it is
   * refreshed first, so that a revoked grant ends the session.
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
   * Starts a session from a token response (RFC 6749 §5.1) that the application received. Call it as soon as you have
   * the response. If this process does not know the time of the authorization server, it asks for it first, for at
   * most 2 seconds.
   */
  startSession(tokenResponse: unknown, options?: StartOptions): Promise<void>
  /**
   * Ends the session here and clears its cookie. Revokes nothing.
   *
   * If the store does not respond within 2 seconds, Evertoken emits `sign_out_incomplete` and completes the end in the
   * background. A session from `sessionById` has no cookie: there, the call rejects.
   *
   * @throws {OperatorError} From `sessionById`, if the store fails. Calling again completes the end.
   */
  endSession(): Promise<void>
}

/** The facts about a session. All times are in seconds since the epoch. */
export interface SessionInfo {
  /** The ID for `sessionById`. It never changes, and it is useless in a cookie. */
  readonly id: string
  readonly claims: UserClaims
  readonly startedAt: number
  readonly lastUsedAt: number
  /** When the session ends if it is not used again. */
  readonly expiresAt: number
  /** When the refresh token ends. It is `undefined`, because Evertoken does not read this time yet. */
  readonly grantExpiresAt: number | undefined
  /** The granted scope. `undefined` if the authorization server has not reported it. */
  readonly scope: string | undefined
  /** The name of the client registration. `undefined` if there is only one. */
  readonly registration: string | undefined
}

const DEFAULT_TOKEN: TokenOptions = {}

/** @param bound - Finds the session, at every call. */
export function createTokenSession(bound: () => BoundSession, outside?: Outside): TokenSession<TokenName> {
  return {
    async getUserAccessToken(wanted = DEFAULT_TOKEN) {
      const key = keyOf(wanted)
      const { rejectedToken, signal } = wanted
      const { getToken: obtain, application } = bound()
      const obtained = obtain({ key, request: wanted, rejected: rejectedValue(rejectedToken), signal })
      const result = obtained instanceof Promise ? await obtained : obtained
      if (result.kind !== 'token') return undefined
      return accessTokenOf(result.token, result.time ?? application.serverClock.read())
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
      return snapshot && copy(snapshot.record.claims)
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
      return sessionInfo(snapshot.record, application.lifetimes)
    },
  }
}

function sessionInfo(record: SessionRecord, lifetimes: SessionLifetimes): SessionInfo {
  const { id, claims, touchedAt, ledger, lifetime = lifetimes.absoluteTimeoutSeconds } = record
  return {
    id,
    claims: copy(claims),
    startedAt: record.expiresAt - lifetime,
    lastUsedAt: touchedAt,
    expiresAt: endsAt(record, lifetimes.idleTimeoutSeconds),
    grantExpiresAt: undefined,
    scope: ledger.scope,
    registration: undefined,
  }
}

/** Creates the functions of a token session for the user of the request being handled. */
export function createCurrentTokens(
  context: RequestContext,
  onEvent?: EventListeners,
  outside?: Outside,
): TokenSession {
  return createTokenSession(createSessionFinder(context, onEvent), outside)
}

/** Adds the claims that link later ID tokens and logout tokens to the user, to the claims from the application. */
function withIdentity(claims: UserClaims, idTokenClaims: UserClaims = {}): UserClaims {
  if (idTokenClaims.sub !== undefined && idTokenClaims.sub !== (claims.sub ?? idTokenClaims.sub)) {
    const message =
      'Cannot start the session: the claim "sub" is not that of the ID token in the token response'
    throw new ConfigurationError('token_response_malformed', message)
  }
  const identity = ['sub', 'sid', 'auth_time'].filter((name) => idTokenClaims[name] !== undefined)
  return { ...claims, ...Object.fromEntries(identity.map((name) => [name, idTokenClaims[name]])) }
}

/** Returns a JSON copy, so that a caller who changes its claims does not change the session. */
function copy(claims: UserClaims): UserClaims {
  return JSON.parse(JSON.stringify(claims)) as UserClaims
}

async function startSession(
  { application, start }: BoundSession,
  tokenResponse: unknown,
  { claims }: StartOptions,
): Promise<void> {
  const { serverClock, readIdToken } = application
  const timeOfCall = serverClock.startRequest()
  // I9: The `Date` of the token response is unknown. Other processes would trust the wall clock of this one.
  if (!serverClock.isKnown() || serverClock.isUncertain()) await serverClock.sample()
  const grant = readTokenResponse(tokenResponse, timeOfCall())
  if (!grant?.accessToken) throw malformed()
  const idTokenClaims = grant.idToken === undefined ? undefined : readIdToken?.(grant.idToken)
  const known = claims ? withIdentity(copy(claims), idTokenClaims) : (idTokenClaims ?? {})
  await start({ ...grant, claims: known, claimsDecided: claims ? true : undefined })
}

function keyOf(wanted: TokenOptions): string {
  if (wanted === DEFAULT_TOKEN) return ''
  checkTokenParameters(wanted)
  return tokenKey(wanted)
}

function malformed(): ConfigurationError {
  const message = 'Cannot start the session: pass the JSON of a token response, with a Bearer "access_token"'
  return new ConfigurationError('token_response_malformed', message)
}
