import type { LoginSecrets, PendingLogin } from '../../mechanisms/sign-in/pending-logins.ts'
import type { SessionStrategy, StartedSession } from '../../mechanisms/sessions/session-strategy.ts'
import type { UsedLogins } from '../../mechanisms/sign-in/used-logins.ts'
import type { AuthorizationServer, SignInGrant } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import { isPrefetch } from '../../rules/browser/same-site.ts'
import { EvertokenError, RequestRefusedError } from '../../vocabulary/index.ts'
import { createResponse, confirmDestination, redirectByPage, redirect } from '../responses.ts'
import { readForm } from './form.ts'
import { callbackPath, callbackUrl } from './login.ts'
import { applyOnSignIn, type OnSignInOptions } from './on-sign-in.ts'
import { hiddenSession, revokeUnusedToken } from './revoke-unused-token.ts'
import type { RouteContext } from './route-context.ts'
import { signInFailure, type SignInFailureOptions } from './sign-in-failure.ts'

export interface CallbackOptions extends SignInFailureOptions, OnSignInOptions {
  readonly server: Pick<AuthorizationServer, 'readResponse' | 'redeem' | 'revoke' | 'binding'>
  readonly responseMode: string
  /** The `SameSite` attribute of the session cookie. */
  readonly sameSite: 'Lax' | 'Strict'
  readonly usedLogins: UsedLogins
  readonly flights: Flights
  readonly clock: Clock
  readonly sessions: SessionStrategy
}

/**
 * Receives the authorization response, starts the session and sends the browser to its destination.
 *
 * A login is redeemed once. If the response arrives again, the browser is sent to the same destination, provided that it has
 * the session that resulted.
 */
export async function callback(
  request: Request,
  context: RouteContext,
  options: CallbackOptions,
): Promise<Response> {
  // The user may never see the result, and the code is valid only once.
  if (isPrefetch(request.headers)) return createResponse(503)
  const { query, origin, logins, logoutReturn } = context
  const lines: string[] = []
  let silentReturnTo: string | false | undefined
  let response: Response
  try {
    const form = options.responseMode.startsWith('form_post') ? await readForm(request) : undefined
    const parameters = await options.server.readResponse(form ?? query)
    const state = parameters.get('state') ?? ''
    const login = await logins.open(state)
    if (!login) throw notUsable()
    // A page of `repeat` sends the browser to this route without an authorization response. The login can still be
    // pending.
    const isResponse = parameters.has('code') || parameters.has('error')
    if (isResponse) lines.push(logins.clear(login))
    const secrets = isResponse ? await logins.secretsOf(login, state) : undefined
    // Another user can send a link with the state of their login, and chose its destination.
    silentReturnTo = secrets && login.silent && !login.isForeign && login.returnTo
    const isDone = secrets !== undefined && (await complete(parameters, login, secrets, context, options))
    // The destination of an earlier sign-out has no use after a sign-in.
    if (isDone && logoutReturn.isExpected) lines.push(logoutReturn.clear())
    response = isDone ? proceed(login, options) : await repeat(request, login, state, context, options)
  } catch (error) {
    response = signInFailure(request, error, origin, options, silentReturnTo)
  }
  for (const line of lines) response.headers.append('set-cookie', line)
  return response
}

/**
 * Redeems a login, or joins the request that does. Resolves to `false` if it was redeemed before.
 *
 * A user who reloads the page sends the same code again while the first request still waits for the authorization server. A
 * second use of the code could end the grant (RFC 6749 §4.1.2), so both requests share one redemption, and both responses set the
 * cookie of the session.
 */
async function complete(
  parameters: URLSearchParams,
  login: PendingLogin,
  secrets: LoginSecrets,
  context: RouteContext,
  options: CallbackOptions,
): Promise<boolean> {
  const { flights, clock } = options
  const { session } = context
  const redeem = () => redeemOnce(parameters, login, secrets, context, options)
  const { result, joined } = flights.join(`login ${login.id}`, 'callback', redeem, clock)
  const started = await result
  // The browser drops the response to the first request if the user reloads the page.
  if (started && joined) await session.adopt(started)
  return started !== undefined
}

/**
 * Redeems a login unless a process has redeemed it before. Resolves to `undefined` if so.
 *
 * The login is marked as used in the store before its code is sent. If this process then ends, the user must sign in again, but no
 * other process can use the code a second time.
 */
async function redeemOnce(
  parameters: URLSearchParams,
  login: PendingLogin,
  secrets: LoginSecrets,
  context: RouteContext,
  options: CallbackOptions,
): Promise<StartedSession | undefined> {
  if (!(await options.usedLogins.markUsed(login))) return undefined
  const { maxAge, acrValues, detailTypes, proofKey } = login
  const transaction = {
    ...secrets,
    redirectUri: callbackUrl(context.origin, options.paths),
    maxAge,
    acrValues,
    detailTypes,
    proofKey,
  }
  const grant = await options.server.redeem(parameters, transaction, (token) =>
    revokeUnusedToken(token, undefined, login, context, options),
  )
  const { userInfoFailure: cause } = grant
  if (cause) options.emit({ type: 'user_info_failed', cause })
  return start(grant, login, context, options)
}

/**
 * Responds to a login that was redeemed before, for example after the Back button.
 *
 * @throws {RequestRefusedError} If the browser does not have the session that resulted.
 */
async function repeat(
  { method, headers }: Request,
  login: PendingLogin,
  state: string,
  { session }: RouteContext,
  options: CallbackOptions,
): Promise<Response> {
  const handle = await session.find()
  const record = (await handle?.read())?.record
  if (record?.login === loginName(login)) return proceed(login, options)
  // A `Strict` cookie is not sent with a request that another site has caused, and a `Lax` cookie not with such a POST.
  const isHidden = options.sameSite === 'Strict' || method === 'POST'
  const site = headers.get('sec-fetch-site') ?? 'same-origin'
  const mayHaveSession = isHidden && (site === 'cross-site' || site === 'same-site')
  if (!handle && mayHaveSession)
    return redirectByPage(`${callbackPath(options.paths)}?state=${encodeURIComponent(state)}`)
  throw notUsable()
}

/** The name of a login in the record of its session. A cookie has no room for the whole hash. */
function loginName({ id }: PendingLogin): string {
  return id.slice(0, 22)
}

/** The message does not show which of the causes applies, because that would help to test a stolen link. */
function notUsable(): RequestRefusedError {
  const message = 'This sign-in has expired, is complete, or began in another browser. Sign in again.'
  return new RequestRefusedError('login_transaction_invalid', message)
}

/** Sends the browser to its destination. If the session cookie is `Strict`, a page of this application does that. */
function proceed({ returnTo, isForeign }: PendingLogin, { sameSite, paths }: CallbackOptions): Response {
  if (isForeign) return confirmDestination(returnTo, paths.home)
  return (sameSite === 'Strict' ? redirectByPage : redirect)(returnTo)
}

/** Starts the session. If no session takes the tokens, their refresh token is revoked. */
async function start(
  grant: SignInGrant,
  login: PendingLogin,
  context: RouteContext,
  options: CallbackOptions,
): Promise<StartedSession> {
  try {
    const accepted = await applyOnSignIn(grant, login.returnTo, options)
    return await context.start(accepted, loginName(login), hiddenSession(login, options))
  } catch (error) {
    // A session that a logout token has ended revokes its tokens.
    const isEnded = error instanceof EvertokenError && error.code === 'session_ended'
    if (grant.refreshToken !== undefined && !isEnded)
      revokeUnusedToken(grant.refreshToken, grant.claims?.sub, login, context, options)
    throw error
  }
}
