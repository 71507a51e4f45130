import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'
import { readLoginRequest } from '../rules/login-request.ts'
import { safeReturnTo } from '../rules/return-to.ts'
import { ConfigurationError, RequestRefusedError } from '../vocabulary/index.ts'
import type { PendingLogins } from './pending-login.ts'
import { signInFailure, type SignInFailureOptions } from './sign-in-failure.ts'

export interface LoginOptions extends SignInFailureOptions {
  readonly protocol: Protocol
  readonly logins: PendingLogins
  readonly redirectUri: string
  readonly responseMode: 'query' | 'form_post'
  /** Whether the cookie of the session is `SameSite=Strict`. */
  readonly strict: boolean
  /** For the authorization request: scope, resource and whatever else is asked for. */
  readonly parameters: URLSearchParams
  /** Names of further query parameters that are passed on. */
  readonly loginParameters: readonly string[]
}

/** Sends the browser to the authorization server (RFC 6749 §4.1.1, with PKCE). */
export async function login(
  request: Request,
  session: Pick<RequestSession, 'find'>,
  options: LoginOptions,
): Promise<Response> {
  const { protocol, logins, redirectUri, responseMode, strict, origin } = options
  const query = new URL(request.url).searchParams
  const returnTo = safeReturnTo(query.get('returnTo'), origin)
  const asked = readLoginRequest(query, options.parameters, options.loginParameters)
  if (typeof asked === 'string') return signInFailure(request, notAccepted(asked), options)

  const { parameters, silent, maxAge } = asked
  try {
    if (responseMode === 'form_post') {
      if (!origin.startsWith('https:')) throw needsHttps()
      parameters.set('response_mode', responseMode)
    }
    const transaction = {
      ...protocol.newTransaction(redirectUri),
      ...(maxAge !== undefined && { maxAge }),
    }
    const url = await protocol.authorizationUrl(transaction, parameters)
    // The answer comes from another site then, and the cookie of the session not with it.
    const previous = strict || responseMode === 'form_post' ? (await session.find())?.key : undefined
    const lines = await logins.keep({
      ...transaction,
      returnTo,
      ...(silent && { silent }),
      ...(previous !== undefined && { previous }),
    })
    const headers = new Headers({ location: url.href, 'cache-control': 'no-store' })
    for (const line of lines) headers.append('set-cookie', line)
    return new Response(null, { status: 302, headers })
  } catch (error) {
    return signInFailure(request, error, options, silent ? returnTo : undefined)
  }
}

function notAccepted(name: string): RequestRefusedError {
  const message = `Cannot start the sign-in: the parameter "${name}" is not one to pass on`
  return new RequestRefusedError('login_request_invalid', message)
}

function needsHttps(): ConfigurationError {
  const message =
    'Option "responseMode" must be "query" on http: the cookie that a form post needs is sent on https only'
  return new ConfigurationError('invalid_option', message)
}
