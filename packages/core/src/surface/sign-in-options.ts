import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'
import type { OnSignIn } from '../handlers/routes/on-sign-in.ts'
import type { ResponseMode } from '../ports/authorization-mode.ts'
import type { UserClaims } from '../model/token-grant.ts'
import type { AuthorizationDetail } from '../vocabulary/index.ts'
import { authorizationDetails } from './login-option-checks.ts'
import { type Checked, flag, hook, listOf, mustMatch, oneOf, type OptionTable, path } from './checks.ts'
import { authorizationParametersOf } from './authorization-parameters.ts'
import { AUTHORIZATION_MODE_OPTIONS, type AuthorizationModeOptions, nameOf } from './authorization-modes.ts'
import type { SignInServerSettings } from './sign-in-profile-checks.ts'

/** The options for signing in and out. All have defaults. */
export interface SignInOptions extends AuthorizationModeOptions {
  /**
   * Prefix of the routes login, callback, logout and user. Requests to other paths below it reach your application.
   *
   * The redirect URI that you register is `baseUrl`, this prefix and `/callback`.
   *
   * @default '/auth'
   */
  readonly routePrefix?: string
  /**
   * The scope of the sign-in, separated by spaces.
   *
   * Many servers return a refresh token only for `offline_access`. Without `openid`, there is no ID token, which identifies
   * the user.
   *
   * @default `defaultScope` of the server, which is `openid offline_access`
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-3.3 RFC 6749, section 3.3: Access Token Scope}
   */
  readonly scope?: string
  /**
   * The resource servers of the tokens, as absolute URIs without a fragment. A call can then ask for a token for one of them.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 RFC 8707, section 2: Resource Parameter}
   */
  readonly resource?: string | readonly string[]
  /**
   * Further parameters of the authorization request, such as `prompt` or `audience`. A link cannot weaken them.
   *
   * For values of a single sign-in, use `redirectToLogin`.
   *
   * @example
   *   const options = { authorizationParameters: { prompt: 'consent', access_type: 'offline' } } // Google
   * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest OpenID Connect Core, section 3.1.2.1}
   */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /**
   * Permissions with details that each sign-in requests, such as access to certain accounts.
   *
   * For a single permission, such as one payment, use `redirectToLogin`. A sign-in that does not grant each type fails.
   *
   * @default none
   * @example
   *   const options = { authorizationDetails: [{ type: 'account_information', actions: ['list_accounts'] }] }
   * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-3 RFC 9396, section 3: Authorization Request}
   */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /**
   * Whether signing out revokes the refresh token. `all` revokes the access tokens too.
   *
   * The revocation happens in the background and is repeated if it fails, so it does not delay the sign-out. Many servers
   * revoke the access tokens together with the refresh token, so `all` is rarely needed.
   *
   * @default true
   * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2: Token Revocation}
   */
  readonly revokeOnLogout?: boolean | 'all'
  /**
   * Path to which the authorization server sends the browser after signing out. Register its URL there as a post-logout
   * redirect URI. Otherwise, the server shows an error page.
   *
   * @default '/'
   * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout RP-Initiated Logout, section 2}
   */
  readonly postLogoutPath?: string
  /**
   * Names of further query parameters of the login route that the authorization server gets, such as `kc_idp_hint`.
   *
   * A listed parameter replaces the configured one, and every link can set it. List `scope` only if each link may ask for more
   * scope.
   *
   * @default [], which passes on `prompt`, `login_hint`, `acr_values`, `max_age` and `ui_locales` only
   */
  readonly forwardLoginParameters?: readonly string[]
  /**
   * Path of this application that gets the code of a failed sign-in as `error`, such as `/?error=access_denied`.
   *
   * Show a link to the login route there. A redirect to it would loop as long as the sign-in fails.
   *
   * @default a plain page
   */
  readonly signInErrorPath?: string
  /**
   * Decides at each sign-in and after each refresh which claims are kept. `false` refuses the user.
   *
   * A sign-in waits for it. Keep few claims if the cookie carries the session, because they count for `maxCookieBytes`.
   *
   * @example
   *   const options = { onSignIn: ({ sub, name, org }: UserClaims) => org === 'acme' && { sub, name } }
   */
  readonly onSignIn?: OnSignIn
  /** Receives the claims after each refresh, when the new refresh token is stored. Evertoken ignores its errors. */
  readonly onRefreshed?: (claims: UserClaims) => void | Promise<void>
  /**
   * The response of the user route if no user is signed in: 401, or 200 with `null`.
   *
   * Browsers report each 401 in their console. Use 200 if most visitors of your pages are not signed in.
   *
   * @default 401
   */
  readonly anonymousUserStatus?: 401 | 200
  /**
   * Whether the authorization server can sign users out with a direct request (OIDC Back-Channel Logout). Needs a
   * store with an index. `all` ends all sessions of the user, even if the token names only one.
   *
   * Register `baseUrl`, `routePrefix` and `/back-channel-logout` as the back-channel logout URI. The request comes from the
   * server, without cookies, so firewalls and CSRF checks must let it pass.
   *
   * @default false
   * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest Back-Channel Logout, section 2.5}
   */
  readonly backChannelLogout?: boolean | 'all'
  /**
   * Whether it can sign users out with a frame in its page (OIDC Front-Channel Logout).
   *
   * Browsers that block third-party cookies send no session cookie in the frame, so the session continues there. Prefer
   * `backChannelLogout`.
   *
   * @default false
   * @see {@link https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout Front-Channel Logout, section 2}
   */
  readonly frontChannelLogout?: boolean
  /**
   * Whether there is a route on loopback that shows the configuration. Needs a `baseUrl` or an issuer there.
   *
   * The route `/auth/diagnostics` shows the options without secrets, and the capabilities of the server.
   *
   * @default false
   */
  readonly diagnostics?: boolean
}

/** The checked options, with all defaults. */
export type SignInValues = Checked<
  SignInOptions,
  'scope' | 'authorizationDetails' | 'authorizationRequest' | 'signInErrorPath' | 'onSignIn' | 'onRefreshed'
>

/** Values that are derived from the options. */
export interface SignInDerived {
  readonly routePrefix: string
  readonly openid: boolean
  /** Whether neither the application nor the profile has set the scope. */
  readonly isDefaultScope: boolean
  readonly authorizationParameters: URLSearchParams
  /** The name of the response mode. */
  readonly responseMode: string
  /** The response mode, if it is a value. */
  readonly signedResponse: ResponseMode | string
}

/** Excludes the parameters that decide where the response is sent, and whether it can be trusted. */
const LOGIN_PARAMETER =
  /^(?!(?:client_.*|redirect_uri|response_.*|state|nonce|code_.*|authorization_details|request|request_uri|resource|returnTo|dpop_jkt)$)[\w.-]+$/

const level = oneOf(true, false, 'all')

export const SIGN_IN_OPTIONS: OptionTable<SignInValues> = {
  routePrefix: [path, '/auth'],
  scope: TOKEN_PARAMETERS.scope,
  resource: [...TOKEN_PARAMETERS.resource, []],
  authorizationParameters: [...TOKEN_PARAMETERS.parameters, {}],
  authorizationDetails: [authorizationDetails],
  revokeOnLogout: [level, true],
  postLogoutPath: [path, '/'],
  forwardLoginParameters: [
    listOf(mustMatch('be parameters that the library does not set', LOGIN_PARAMETER)),
    [],
  ],
  ...AUTHORIZATION_MODE_OPTIONS,
  signInErrorPath: [path],
  onSignIn: [hook],
  onRefreshed: [hook],
  anonymousUserStatus: [oneOf(401, 200), 401],
  backChannelLogout: [level, false],
  frontChannelLogout: [flag, false],
  diagnostics: [flag, false],
}

export function derivedFrom(values: SignInValues, server: SignInServerSettings): SignInDerived {
  const { routePrefix } = values
  const { scope, isDefaultScope, authorizationParameters } = authorizationParametersOf(values, server)
  if (values.authorizationDetails)
    authorizationParameters.set('authorization_details', JSON.stringify(values.authorizationDetails))
  return {
    responseMode: nameOf(values.responseMode),
    signedResponse: values.responseMode,
    routePrefix: routePrefix.replace(/\/$/, ''),
    isDefaultScope,
    openid: scope.split(' ').includes('openid'),
    authorizationParameters,
  }
}
