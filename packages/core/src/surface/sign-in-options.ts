import type { OnSignedIn } from '../handlers/callback.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { UserClaims } from '../rules/session-record.ts'
import { type TokenRequest, validateTokenRequest } from '../rules/token-key.ts'
import {
  checkFunction,
  checkNothingElse,
  checkText,
  createTaking,
  invalid,
  oneOf,
  optional,
} from './checks.ts'

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
  /**
   * Whether there is a route that shows how things are set up, on loopback. Needs a `baseUrl` there, or an issuer on http.
   * Default false.
   */
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

const SWITCH = [false, true] as const
const LEVELS = [false, true, 'all'] as const

/**
 * @param store - Signing users out by a request of the authorization server needs its index.
 * @throws ConfigurationError that names the option and says what to do.
 */
export function checkSignInOptions(options: SignInOptions, store: SessionStore): SignInSettings {
  const { take, rest } = createTaking(options)
  const scope = take('scope', checkText, 'openid offline_access')
  const resource = take('resource', checkResource, [])
  const settings: SignInSettings = {
    routePrefix: take('routePrefix', checkPath, '/auth').replace(/\/$/, ''),
    openid: scope.split(' ').includes('openid'),
    authorizationParameters: take(
      'authorizationParameters',
      (option, extra) => checkAuthorization(option, extra, scope, resource),
      {},
    ),
    revokeOnLogout: take('revokeOnLogout', oneOf(LEVELS), true),
    postLogoutPath: take('postLogoutPath', checkPath, '/'),
    loginParameters: take('loginParameters', checkLoginParameters, []),
    responseMode: take('responseMode', oneOf(['query', 'form_post']), 'query'),
    signInErrorPath: take('signInErrorPath', optional(checkPath)),
    onSignedIn: take('onSignedIn', optional(checkFunction)),
    onRefreshed: take('onRefreshed', optional(checkFunction)),
    anonymousSessionResponse: take('anonymousSessionResponse', oneOf([401, 200]), 401),
    backChannelLogout: take('backChannelLogout', oneOf(LEVELS), false),
    frontChannelLogout: take('frontChannelLogout', oneOf(SWITCH), false),
    diagnostics: take('diagnostics', oneOf(SWITCH), false),
  }
  checkNothingElse(rest)
  if (settings.backChannelLogout && !store.index)
    throw invalid('backChannelLogout', 'needs a session store with an index: without one no session is found')
  return settings
}

function checkLoginParameters(option: string, names: unknown): readonly string[] {
  if (isList(names) && names.every((name) => /^[\w.-]+$/.test(name) && !OURS.test(name))) return names
  throw invalid(option, 'must be a list of parameter names that the library does not set itself')
}

function checkResource(option: string, resource: unknown): readonly string[] {
  const resources = [resource].flat()
  if (!isList(resources)) throw invalid(option, 'must be a URI, or a list of them')
  checkRequest(option, { resource: resources })
  return resources
}

function checkAuthorization(
  option: string,
  extra: unknown,
  scope: string,
  resources: readonly string[],
): URLSearchParams {
  if (typeof extra !== 'object' || extra === null || !isList(Object.values(extra)))
    throw invalid(option, 'must be an object of strings')
  checkRequest('scope', { scope })
  checkRequest(option, { parameters: extra as Record<string, string> })
  const parameters = new URLSearchParams({ ...extra, scope })
  for (const uri of resources) parameters.append('resource', uri)
  return parameters
}

function checkRequest(option: string, request: TokenRequest): void {
  const wrong = validateTokenRequest(request)
  if (wrong !== undefined) throw invalid(option, `cannot be used. ${wrong}`)
}

/** A path of this application, in the spelling that browsers will send. */
function checkPath(option: string, path: unknown): string {
  const isPath = typeof path === 'string' && /^\/(?!\/)[\w\-./~]*$/.test(path)
  if (isPath && new URL(path, 'https://app.example.com').pathname === path) return path
  throw invalid(option, 'must be a path that starts with a single "/", without "." or ".." in it')
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
