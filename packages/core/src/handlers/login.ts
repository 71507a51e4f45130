import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'
import { readLoginRequest } from '../rules/login-request.ts'
import { safeReturnTo } from '../rules/return-to.ts'
import { isChosenHere } from '../rules/same-site.ts'
import { ConfigurationError, RequestRefusedError } from '../vocabulary/index.ts'
import { keepLogin, type PendingLoginOptions } from './pending-login.ts'
import { redirect } from './redirect.ts'
import { signInFailure, type SignInFailureOptions } from './sign-in-failure.ts'

export interface LoginOptions extends SignInFailureOptions, PendingLoginOptions {
  readonly session: RequestSession
  readonly query: URLSearchParams
  readonly protocol: Protocol
  readonly routePrefix: string
  readonly responseMode: 'query' | 'form_post'
  /** Whether browsers come by https. */
  readonly secure: boolean
  /** Of the cookie of the session. */
  readonly sameSite: 'Lax' | 'Strict'
  /** For the authorization request: scope, resource and whatever else is asked for. */
  readonly authorizationParameters: URLSearchParams
  /** Names of further query parameters that are passed on. */
  readonly loginParameters: readonly string[]
}

/** Sends the browser to the authorization server (RFC 6749 §4.1.1, with PKCE). */
export async function login(request: Request, options: LoginOptions): Promise<Response> {
  const { query, protocol, responseMode, origin } = options
  const returnTo = safeReturnTo(query.get('returnTo'), origin)
  const isForeign = returnTo !== '/' && !isChosenHere(request.headers, origin)
  const asked = readLoginRequest(query, options.authorizationParameters, options.loginParameters)
  if (typeof asked === 'string') return signInFailure(request, notAccepted(asked), options)

  const { parameters, silent, maxAge } = asked
  const isPosted = responseMode === 'form_post'
  try {
    if (isPosted && !options.secure) throw needsHttps()
    if (isPosted) parameters.set('response_mode', responseMode)
    const redirectUri = `${origin}${options.routePrefix}/callback`
    const transaction = { ...protocol.newTransaction(redirectUri), maxAge }
    const url = await protocol.authorizationUrl(transaction, parameters)
    // The answer comes from another site then, and the cookie of the session not with it.
    const isAlone = isPosted || options.sameSite === 'Strict'
    const cell = isAlone ? await options.session.find() : undefined
    const before = { previous: cell?.key, previousExpiresAt: cell?.carried?.expiresAt }
    const pending = {
      ...transaction,
      returnTo,
      silent: silent || undefined,
      isForeign: isForeign || undefined,
      ...before,
    }
    return redirect(url.href, await keepLogin(pending, options), 302)
  } catch (error) {
    return signInFailure(request, error, options, silent && !isForeign && returnTo)
  }
}

function notAccepted(name: string): RequestRefusedError {
  const message = `Cannot sign in: the parameter "${name}" cannot be passed on`
  return new RequestRefusedError('login_request_invalid', message)
}

function needsHttps(): ConfigurationError {
  const message = 'Option "responseMode" must be "query" on http: the cookie for a form post needs https'
  return new ConfigurationError('invalid_option', message)
}
