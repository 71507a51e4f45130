import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import {
  createLoginRequest,
  type LoginOptions,
  type LoginRequest,
  readLoginRequest,
} from '../../rules/sign-in/login-request.ts'
import { safeReturnTo } from '../../rules/sign-in/return-to.ts'
import { detailTypes } from '../../rules/protocol/authorization-details.ts'
import { canBeIssuer, type IssuerRules } from '../../rules/protocol/issuer.ts'
import { canStartLogin, isChosenHere, isPrefetch } from '../../rules/browser/same-site.ts'
import { ConfigurationError, RequestRefusedError } from '../../vocabulary/index.ts'
import { createResponse, redirect } from '../responses.ts'
import { problem } from '../problem.ts'
import type { BrowserPaths, RouteContext } from './route-context.ts'
import { signInFailure, type SignInFailureOptions } from './sign-in-failure.ts'

export interface LoginRouteOptions extends SignInFailureOptions {
  readonly server: Pick<AuthorizationServer, 'authorize' | 'binding'>
  /** The issuers that a link of another site can name. */
  readonly issuers: IssuerRules
  /** `query`, `form_post`, or a mode of signed responses that begins with one of them. */
  readonly responseMode: string
  /** The `SameSite` attribute of the session cookie. */
  readonly sameSite: 'Lax' | 'Strict'
  /** The parameters of the authorization request, such as `scope` and `resource`. */
  readonly authorizationParameters: URLSearchParams
  /** Names of further query parameters that are passed to the authorization server. */
  readonly forwardLoginParameters: readonly string[]
  /** @throws {ConfigurationError} If another registration of the application has the same redirect URI. */
  readonly checkRedirectUri?: ((redirectUri: string) => void) | undefined
}

/**
 * Sends the browser to the authorization server (RFC 6749 §4.1.1, with PKCE).
 *
 * The authorization server or another site can start the login (OIDC Core §4).
 *
 * @param demand - The values that the application decides. By default, the query has them.
 */
export async function login(
  request: Request,
  { query, origin, session, logins }: Pick<RouteContext, 'query' | 'origin' | 'session' | 'logins'>,
  options: LoginRouteOptions,
  demand?: LoginOptions,
): Promise<Response> {
  if (isPrefetch(request.headers)) return createResponse(503)
  if (!canStartLogin(request.headers)) return notOpened()
  const { server, responseMode } = options
  const { home } = options.paths
  const returnTo = safeReturnTo(
    demand ? demand.returnTo : (query.get('returnTo') ?? query.get('target_link_uri')),
    origin,
    home,
  )
  const isForeign = returnTo !== home && !isChosenHere(request.headers, origin)
  const asked = demand
    ? createLoginRequest(demand, options.authorizationParameters)
    : readQuery(query, options)
  if (typeof asked === 'string') return signInFailure(request, notAccepted(asked), origin, options)

  const { parameters, silent, maxAge, acrValues } = asked
  const isPosted = responseMode.startsWith('form_post')
  try {
    if (isPosted && !origin.startsWith('https:')) throw needsHttps()
    const redirectUri = callbackUrl(origin, options.paths)
    options.checkRedirectUri?.(redirectUri)
    if (responseMode !== 'query') parameters.set('response_mode', responseMode)
    // In these cases the response comes from another site, and the cookie of the session is not sent with it.
    const isHidden = isPosted || options.sameSite === 'Strict'
    const handle = isHidden ? await session.find() : undefined
    const before = {
      previous: handle?.key,
      previousExpiresAt: handle?.carried?.expiresAt,
      previousOwner: handle?.owner,
    }
    const flags = { silent: silent || undefined, isForeign: isForeign || undefined }
    const proofKey = await server.binding?.createKey()
    const types = detailTypes(parameters.get('authorization_details'))
    const { secrets, cookies } = await logins.begin({
      returnTo,
      ...flags,
      maxAge,
      acrValues,
      detailTypes: types.length > 0 ? types : undefined,
      proofKey,
      ...before,
    })
    const url = await server.authorize({ ...secrets, redirectUri, proofKey }, parameters)
    return redirect(url.href, cookies, 302)
  } catch (error) {
    return signInFailure(request, error, origin, options, silent && !isForeign && returnTo)
  }
}

/** Returns the login request in a query, or the name of the parameter that is not accepted. */
function readQuery(query: URLSearchParams, options: LoginRouteOptions): LoginRequest | string {
  const { issuers, authorizationParameters, forwardLoginParameters } = options
  const isForServer = query.getAll('iss').every((issuer) => canBeIssuer(issuer, issuers))
  return isForServer ? readLoginRequest(query, authorizationParameters, forwardLoginParameters) : 'iss'
}

/** Returns the redirect URI, for the authorization request and for the token request (RFC 6749 §4.1.3). */
export function callbackUrl(origin: string, paths: BrowserPaths): string {
  return origin + callbackPath(paths)
}

export function callbackPath({ routePrefix, pathSuffix }: BrowserPaths): string {
  return `${routePrefix}/callback${pathSuffix}`
}

export function notOpened(): Response {
  const message = 'Open this address as a page: set `location.href` to it.'
  return problem(400, { code: 'navigation_required', message })
}

function notAccepted(name: string): RequestRefusedError {
  const message = `Cannot sign in: the parameter "${name}" cannot be passed on`
  return new RequestRefusedError('login_request_invalid', message)
}

function needsHttps(): ConfigurationError {
  const message = "Option `responseMode` must be 'query' on http."
  return new ConfigurationError('invalid_option', message)
}
