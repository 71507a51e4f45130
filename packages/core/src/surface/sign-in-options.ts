import type { OnSignedIn } from '../handlers/callback.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { UserClaims } from '../rules/session-record.ts'
import { type TokenRequest, validateTokenRequest } from '../rules/token-key.ts'
import { checkFunctions, checkNothingElse, checkText, invalid, oneOf } from './checks.ts'

/** The part of the options that is about signing in and out. All have defaults. */
export interface SignInOptions {
  /** Path below which the routes login, callback, logout and user are. Default `/auth`. */
  readonly routePrefix?: string
  /** What the user is asked for. Default `openid offline_access`. */
  readonly scope?: string
  /** For which resource servers (RFC 8707). */
  readonly resource?: string | readonly string[]
  /** Further parameters of the authorization request, such as `prompt`. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** Whether signing out revokes the refresh token; `all`: the access tokens as well. Default true. */
  readonly revokeOnLogout?: boolean | 'all'
  /** Where the authorization server sends the browser after signing out; must be registered there. Default `/`. */
  readonly postLogoutPath?: string
  /** Names of further query parameters of the login route that the authorization server gets, such as `kc_idp_hint`. */
  readonly loginParameters?: readonly string[]
  /** How the authorization server sends its answer. Default `query`; `form_post` works on https only. */
  readonly responseMode?: 'query' | 'form_post'
  /** Path of this application that gets the code of a failed sign-in as `error`. Default: a plain page. */
  readonly signInErrorPath?: string
  /** Looks at whoever signs in before the session starts: may change the claims that are kept, or refuse with `false`. */
  readonly onSignedIn?: OnSignedIn
  /** Told about the user after each refresh, when the new refresh token is safe. What it throws is ignored. */
  readonly onRefreshed?: (claims: UserClaims) => void | Promise<void>
  /** What the user route answers when nobody is signed in: 401 (default), or 200 with `null`. */
  readonly anonymousSessionResponse?: 401 | 200
  /**
   * Whether the authorization server may sign users out by a request of its own (OIDC Back-Channel Logout); needs a store
   * with an index. `all`: all sessions of the user, even when it names one. Default false.
   */
  readonly backChannelLogout?: boolean | 'all'
  /** Whether it may do so by a frame in its own page (OIDC Front-Channel Logout). Default false. */
  readonly frontChannelLogout?: boolean
  /** Whether there is a route that shows how things are set up; on loopback only. Default false. */
  readonly diagnostics?: boolean
}

/** They are checked, and have all defaults in place. */
export interface SignInSettings {
  readonly routePrefix: string
  readonly openid: boolean
  readonly authorizationParameters: URLSearchParams
  readonly revokeOnLogout: boolean | 'all'
  readonly postLogoutPath: string
  readonly loginParameters: readonly string[]
  readonly responseMode: 'query' | 'form_post'
  readonly signInErrorPath: string | undefined
  readonly onSignedIn: OnSignedIn | undefined
  readonly onRefreshed: SignInOptions['onRefreshed']
  readonly anonymousSessionResponse: 401 | 200
  readonly backChannelLogout: boolean | 'all'
  readonly frontChannelLogout: boolean
  readonly diagnostics: boolean
}

/** What decides where the answer goes, and what it can be trusted for. */
const OURS =
  /^(?:client_.*|redirect_uri|response_.*|state|nonce|code_.*|request|request_uri|resource|returnTo|dpop_jkt)$/

const SWITCH = [false, true]

/**
 * @param store - Signing users out by a request of the authorization server needs its index.
 * @throws ConfigurationError that names the option and says what to do.
 */
export function checkSignInOptions(
  {
    routePrefix = '/auth',
    scope = 'openid offline_access',
    resource,
    authorizationParameters,
    revokeOnLogout = true,
    postLogoutPath = '/',
    loginParameters = [],
    responseMode = 'query',
    signInErrorPath,
    onSignedIn,
    onRefreshed,
    anonymousSessionResponse = 401,
    backChannelLogout = false,
    frontChannelLogout = false,
    diagnostics = false,
    ...rest
  }: SignInOptions,
  store: SessionStore,
): SignInSettings {
  checkNothingElse(rest)
  checkFunctions({ onSignedIn, onRefreshed })
  if (
    !isList(loginParameters) ||
    !loginParameters.every((name) => /^[\w.-]+$/.test(name) && !OURS.test(name))
  )
    throw invalid('loginParameters', 'must be a list of parameter names that the library does not set itself')
  if (backChannelLogout && !store.index)
    throw invalid('backChannelLogout', 'needs a session store with an index: without one no session is found')
  return {
    routePrefix: checkPath('routePrefix', routePrefix).replace(/\/$/, ''),
    openid: checkText('scope', scope).split(' ').includes('openid'),
    authorizationParameters: checkAuthorization(scope, resource, authorizationParameters),
    revokeOnLogout: oneOf<boolean | 'all'>('revokeOnLogout', revokeOnLogout, [...SWITCH, 'all']),
    postLogoutPath: checkPath('postLogoutPath', postLogoutPath),
    loginParameters,
    responseMode: oneOf('responseMode', responseMode, ['query', 'form_post']),
    signInErrorPath:
      signInErrorPath === undefined ? undefined : checkPath('signInErrorPath', signInErrorPath),
    onSignedIn,
    onRefreshed,
    anonymousSessionResponse: oneOf('anonymousSessionResponse', anonymousSessionResponse, [401, 200]),
    backChannelLogout: oneOf<boolean | 'all'>('backChannelLogout', backChannelLogout, [...SWITCH, 'all']),
    frontChannelLogout: oneOf('frontChannelLogout', frontChannelLogout, SWITCH),
    diagnostics: oneOf('diagnostics', diagnostics, SWITCH),
  }
}

function checkAuthorization(
  scope: string,
  resource: SignInOptions['resource'] = [],
  extra: SignInOptions['authorizationParameters'] = {},
): URLSearchParams {
  const resources = [resource].flat()
  if (!isList(resources)) throw invalid('resource', 'must be a URI, or a list of them')
  if (!isList(Object.values(Object(extra))) || typeof extra !== 'object' || extra === null)
    throw invalid('authorizationParameters', 'must be an object of strings')
  checkRequest('scope', { scope })
  checkRequest('resource', { resource: resources })
  checkRequest('authorizationParameters', { parameters: extra })
  const parameters = new URLSearchParams({ ...extra, scope })
  for (const uri of resources) parameters.append('resource', uri)
  return parameters
}

function checkRequest(option: string, request: TokenRequest): void {
  const wrong = validateTokenRequest(request)
  if (wrong !== undefined) throw invalid(option, `cannot be used. ${wrong}`)
}

/** A path of this application, in the spelling that browsers will send. */
function checkPath(option: string, path: string): string {
  const isPath = typeof path === 'string' && /^\/(?!\/)[\w\-./~]*$/.test(path)
  if (!isPath || new URL(path, 'https://app.example.com').pathname !== path)
    throw invalid(option, 'must be a path that starts with a single "/", without "." or ".." in it')
  return path
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
