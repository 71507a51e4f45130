import { checkTokenParameters, TOKEN_PARAMETERS } from './token-parameter-checks.ts'
import { isLoginParameter, LOGIN_PARAMETERS, type LoginOptions } from '../rules/sign-in/login-request.ts'
import type { OnSignIn } from '../handlers/routes/on-sign-in.ts'
import type { UserClaims } from '../model/token-grant.ts'
import { type Checked, flag, hook, invalid, listOf, mustMatch, oneOf, type OptionTable } from './checks.ts'
import type { ServerSettings } from './server-profile.ts'

/** The options for signing in and out. All have defaults. */
export interface SignInOptions {
  /**
   * Prefix of the routes login, callback, logout and user.
   *
   * @default '/auth'
   */
  readonly routePrefix?: string
  /**
   * The scope of the sign-in, separated by spaces.
   *
   * @default `defaultScope` of the server, which is `openid offline_access`
   */
  readonly scope?: string
  /** The resource servers of the tokens (RFC 8707). */
  readonly resource?: string | readonly string[]
  /** Further parameters of the authorization request, such as `prompt`. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /**
   * Whether signing out revokes the refresh token. `all` revokes the access tokens too.
   *
   * @default true
   * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2: Token Revocation}
   */
  readonly revokeOnLogout?: boolean | 'all'
  /**
   * Where the authorization server sends the browser after signing out. Register it there.
   *
   * @default '/'
   */
  readonly postLogoutPath?: string
  /** Names of further query parameters of the login route that the authorization server gets, such as `kc_idp_hint`. */
  readonly forwardLoginParameters?: readonly string[]
  /**
   * How the authorization server sends its response. `form_post` works on https only.
   *
   * @default 'query'
   */
  readonly responseMode?: 'query' | 'form_post'
  /**
   * Path of this application that gets the code of a failed sign-in as `error`.
   *
   * @default a plain page
   */
  readonly signInErrorPath?: string
  /** Decides at each sign-in and after each refresh which claims are kept. `false` refuses the user. */
  readonly onSignIn?: OnSignIn
  /** Receives the claims after each refresh, when the new refresh token is stored. Evertoken ignores its errors. */
  readonly onRefreshed?: (claims: UserClaims) => void | Promise<void>
  /**
   * The response of the user route if no user is signed in: 401, or 200 with `null`.
   *
   * @default 401
   */
  readonly anonymousUserStatus?: 401 | 200
  /**
   * Whether the authorization server can sign users out with a direct request (OIDC Back-Channel Logout). Needs a
   * store with an index. `all` ends all sessions of the user, even if the token names only one.
   *
   * @default false
   */
  readonly backChannelLogout?: boolean | 'all'
  /**
   * Whether it can sign users out with a frame in its page (OIDC Front-Channel Logout).
   *
   * @default false
   */
  readonly frontChannelLogout?: boolean
  /**
   * Whether there is a route on loopback that shows the configuration. Needs a `baseUrl` there, or an issuer on http.
   *
   * @default false
   */
  readonly diagnostics?: boolean
}

/** The checked options, with all defaults. */
export type SignInValues = Checked<SignInOptions, 'scope' | 'signInErrorPath' | 'onSignIn' | 'onRefreshed'>

/** Values that are derived from the options. */
export interface SignInDerived {
  readonly routePrefix: string
  readonly openid: boolean
  readonly authorizationParameters: URLSearchParams
}

/** Excludes the parameters that decide where the response is sent, and whether it can be trusted. */
const LOGIN_PARAMETER =
  /^(?!(?:client_.*|redirect_uri|response_.*|state|nonce|code_.*|request|request_uri|resource|returnTo|dpop_jkt)$)[\w.-]+$/

/** A path of this application, in the spelling that browsers send. */
const path = mustMatch(
  'be a path that starts with a single "/", without "." or ".." in it',
  /^(?!\/\/|.*\/\.\.?(?:\/|$))\/[\w\-./~]*$/,
)
const level = oneOf(true, false, 'all')

export const SIGN_IN_OPTIONS: OptionTable<SignInValues> = {
  routePrefix: [path, '/auth'],
  scope: TOKEN_PARAMETERS.scope,
  resource: [...TOKEN_PARAMETERS.resource, []],
  authorizationParameters: [...TOKEN_PARAMETERS.parameters, {}],
  revokeOnLogout: [level, true],
  postLogoutPath: [path, '/'],
  forwardLoginParameters: [
    listOf(mustMatch('be parameters that the library does not set', LOGIN_PARAMETER)),
    [],
  ],
  responseMode: [oneOf('query', 'form_post'), 'query'],
  signInErrorPath: [path],
  onSignIn: [hook],
  onRefreshed: [hook],
  anonymousUserStatus: [oneOf(401, 200), 401],
  backChannelLogout: [level, false],
  frontChannelLogout: [flag, false],
  diagnostics: [flag, false],
}

export function derivedFrom(values: SignInValues, server: ServerSettings): SignInDerived {
  const { routePrefix, scope = server.defaultScope, resource } = values
  const parameters = { ...server.authorizationParameters, ...values.authorizationParameters }
  const authorizationParameters = new URLSearchParams({ ...parameters, scope })
  for (const uri of [resource].flat()) authorizationParameters.append('resource', uri)
  return {
    routePrefix: routePrefix.replace(/\/$/, ''),
    openid: scope.split(' ').includes('openid'),
    authorizationParameters,
  }
}

/** @throws {ConfigurationError} If an option of a login is unknown or invalid. */
export function checkLoginOptions(options: LoginOptions): void {
  checkTokenParameters(options, ['returnTo', ...Object.keys(LOGIN_PARAMETERS)])
  for (const [option, name] of Object.entries(LOGIN_PARAMETERS)) {
    const value = options[option as keyof typeof LOGIN_PARAMETERS]
    if (value !== undefined && !isLoginParameter(name, String(value)))
      throw invalid(option, `must be a valid \`${name}\``)
  }
}
