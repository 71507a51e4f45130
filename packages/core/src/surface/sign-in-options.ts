import type { OnSignIn } from '../handlers/on-sign-in.ts'
import type { UserClaims } from '../rules/session-record.ts'
import {
  type Checked,
  flag,
  hook,
  listOf,
  mustMatch,
  oneOf,
  type OptionTable,
  TOKEN_REQUEST,
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
  /** Decides at each sign-in and after each refresh which claims are kept. `false` refuses the user. */
  readonly onSignIn?: OnSignIn
  /** Receives the claims after each refresh, when the new refresh token is stored. Evertoken ignores its errors. */
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

/** The options, checked, with all defaults in place. */
export type SignInValues = Checked<SignInOptions, 'signInErrorPath' | 'onSignIn' | 'onRefreshed'>

/** What follows from them. */
export interface SignInDerived {
  readonly routePrefix: string
  readonly openid: boolean
  readonly authorizationParameters: URLSearchParams
}

/** Not what decides where the answer goes, and what it can be trusted for. */
const LOGIN_PARAMETER =
  /^(?!(?:client_.*|redirect_uri|response_.*|state|nonce|code_.*|request|request_uri|resource|returnTo|dpop_jkt)$)[\w.-]+$/

/** Of this application, in the spelling that browsers will send. */
const path = mustMatch(
  'be a path that starts with a single "/", without "." or ".." in it',
  /^(?!\/\/|.*\/\.\.?(?:\/|$))\/[\w\-./~]*$/,
)
const level = oneOf(true, false, 'all')

export const SIGN_IN_OPTIONS: OptionTable<SignInValues> = {
  routePrefix: [path, '/auth'],
  scope: [...TOKEN_REQUEST.scope, 'openid offline_access'],
  resource: [...TOKEN_REQUEST.resource, []],
  authorizationParameters: [...TOKEN_REQUEST.parameters, {}],
  revokeOnLogout: [level, true],
  postLogoutPath: [path, '/'],
  loginParameters: [listOf(mustMatch('be parameters that the library does not set', LOGIN_PARAMETER)), []],
  responseMode: [oneOf('query', 'form_post'), 'query'],
  signInErrorPath: [path],
  onSignIn: [hook],
  onRefreshed: [hook],
  anonymousSessionResponse: [oneOf(401, 200), 401],
  backChannelLogout: [level, false],
  frontChannelLogout: [flag, false],
  diagnostics: [flag, false],
}

export function derivedFrom(values: SignInValues): SignInDerived {
  const { routePrefix, scope, resource } = values
  const authorizationParameters = new URLSearchParams({ ...values.authorizationParameters, scope })
  for (const uri of [resource].flat()) authorizationParameters.append('resource', uri)
  return {
    routePrefix: routePrefix.replace(/\/$/, ''),
    openid: scope.split(' ').includes('openid'),
    authorizationParameters,
  }
}
