import { revokeRefreshToken } from '../handlers/revocation.ts'
import type { TokenFetch } from '../handlers/token-fetch.ts'
import type { TokenProxy } from '../handlers/token-proxy.ts'
import type { TokenEndpoint } from '../ports/authorization-server.ts'
import type { Clock } from '../ports/clock.ts'
import type { UserClaims } from '../rules/session-record.ts'
import { readStepUp, type StepUpChallenge, stepUpQuery } from '../rules/step-up.ts'
import { tokenKey, type TokenRequest } from '../rules/token-key.ts'
import { readTokenResponse } from '../rules/token-response.ts'
import {
  type AccessToken,
  ConfigurationError,
  type EventListener,
  type RevocationOutcome,
} from '../vocabulary/index.ts'
import { type AntiForgery, createAntiForgery } from './anti-forgery.ts'
import { accessTokenOf, type BoundSession } from './bound-session.ts'
import { checkTokenRequest } from './options.ts'
import { createBoundTokenFetch, type TokenFetchOptions } from './token-fetch-options.ts'
import { createBoundTokenProxy, type TokenProxyRoutes } from './token-proxy-options.ts'

/** Which access token, and for how long the caller wants to wait. */
export interface TokenOptions extends TokenRequest {
  /** Lets this caller go; a refresh that others wait for goes on. */
  readonly signal?: AbortSignal | undefined
  /** The `value` of a token that a resource server rejected with `invalid_token`: it is replaced. */
  readonly rejected?: string | undefined
}

/** What an application that signs its users in by itself knows about them. */
export interface StartOptions {
  /** About the user; `sub` at least. */
  readonly claims?: UserClaims
}

/** The session of one user: all that can be done for them. */
export interface UserSession extends AntiForgery {
  /**
   * Resolves to a token that is current, or to `undefined` when somebody has to sign in.
   *
   * @throws TryLaterError, ConfigurationError or OperatorError; the session is kept.
   */
  getUserAccessToken(options?: TokenOptions): Promise<AccessToken | undefined>
  /** Makes a `fetch` that carries this user's token. */
  createTokenFetch(options: TokenFetchOptions): TokenFetch
  /** Makes a handler that passes requests on to remote APIs, with this user's token. */
  createTokenProxy(routes: TokenProxyRoutes): TokenProxy
  /** Ends the grant at the authorization server (RFC 7009). The session lives on until its access token expires. */
  revokeRefreshToken(): Promise<RevocationOutcome>
  /** Resolves to the claims about the user, or to `undefined` when nobody is signed in. */
  getUser(): Promise<UserClaims | undefined>
  /** Starts a session from a token response (RFC 6749 §5.1) that the application got by itself. */
  startSession(tokenResponse: unknown, options?: StartOptions): Promise<void>
  /**
   * Where to send the browser after an API has asked for a stronger or fresher sign-in (RFC 9470) or for more scope:
   * a path of this application, or `undefined` when the response asks for neither. The response stays as it came.
   *
   * @param returnTo - Where the browser comes back to: a path, or an URL of this application.
   */
  loginUrlFor(response: Response, returnTo?: string): string | undefined
  /** Ends the session here; revokes nothing. */
  endSession(): Promise<void>
  /** For `sessionById`: opaque, constant for the session, of no use in a cookie. */
  getId(): Promise<string | undefined>
  /** Adds to a response what the browser has to be told. `handle` does it by itself. */
  respond(response: Response): Promise<Response>
}

export interface UserSessionOptions {
  readonly server: TokenEndpoint
  readonly clock: Clock
  readonly emit: EventListener
  readonly loginPath: string
}

const DEFAULT_TOKEN: TokenOptions = {}

export function createUserSession(bound: BoundSession, options: UserSessionOptions): UserSession {
  const { session } = bound
  const { server, clock, emit, loginPath } = options
  return {
    ...createAntiForgery(() => bound),
    async getUserAccessToken(wanted = DEFAULT_TOKEN) {
      const { rejected, signal } = wanted
      const result = await bound.obtain({ key: keyOf(wanted), request: wanted, rejected, signal })
      return 'token' in result ? accessTokenOf(result.token) : undefined
    },
    createTokenFetch: (fetchOptions) => createBoundTokenFetch(() => bound, fetchOptions),
    createTokenProxy: (routes) => createBoundTokenProxy(() => bound, routes),
    revokeRefreshToken() {
      const work = revokeRefreshToken(session, server, emit)
      session.keepAlive(work.catch(() => undefined))
      return work
    },
    async getUser() {
      const snapshot = await (await session.find())?.read()
      if (snapshot) session.note(snapshot)
      return snapshot && copy(snapshot.record.claims)
    },
    async startSession(tokenResponse, { claims } = {}) {
      const grant = readTokenResponse(tokenResponse, clock.now())
      if (!grant?.accessToken) throw malformed()
      await bound.start(claims === undefined ? grant : { ...grant, claims: copy(claims) })
    },
    loginUrlFor(response, returnTo) {
      const challenge = stepUpChallenge(response)
      const query = challenge && stepUpQuery(challenge, returnTo)
      return query && `${loginPath}?${query}`
    },
    async endSession() {
      await session.end('signed_out')
    },
    async getId() {
      return (await session.find())?.key
    },
    respond: (response) => withCookies(bound, response),
  }
}

/** S25: whatever carries `Set-Cookie` is not to be cached. */
export async function withCookies(bound: BoundSession, response: Response): Promise<Response> {
  const result = await cookiesAdded(bound, response)
  bound.responses.passTo(result)
  return result
}

async function cookiesAdded({ session }: BoundSession, response: Response): Promise<Response> {
  await session.settle()
  // A WebSocket hangs on its very response; the next one brings the cookies.
  if (response.status === 101) return response
  const cookies = session.takeCookies()
  if (cookies.length === 0) return response
  const headers = new Headers(response.headers)
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  headers.set('cache-control', 'no-store')
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}

/** As JSON has it: what a caller does to its claims is not done to the session. */
function copy(claims: UserClaims): UserClaims {
  return JSON.parse(JSON.stringify(claims)) as UserClaims
}

function keyOf(wanted: TokenOptions): string {
  if (wanted === DEFAULT_TOKEN) return ''
  checkTokenRequest(wanted)
  return tokenKey(wanted)
}

/** What an API asks for before it goes on; `undefined` when its response asks for nothing of the kind. */
export function stepUpChallenge({ status, headers }: Response): StepUpChallenge | undefined {
  return status === 401 || status === 403 ? readStepUp(headers.get('www-authenticate')) : undefined
}

function malformed(): ConfigurationError {
  const message =
    'Cannot start the session: this is no token response with a usable Bearer "access_token"; ' +
    'pass the JSON body of the token endpoint as it came'
  return new ConfigurationError('token_response_malformed', message)
}
