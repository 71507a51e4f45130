import { withDeadline } from '../../mechanisms/runtime/deadline.ts'
import { SIGN_OUT_WAIT_MS, storeTooSlow } from '../../mechanisms/sessions/pending-sign-outs.ts'
import type { AuthorizationServers } from '../../mechanisms/protocol/authorization-servers.ts'
import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import type { Clock } from '../../ports/clock.ts'
import { safeReturnTo } from '../../rules/sign-in/return-to.ts'
import { isChosenHere, isSameOriginRequest } from '../../rules/browser/same-site.ts'
import { sameText } from '../../rules/same-text.ts'
import {
  RequestRefusedError,
  TryLaterError,
  type EventListener,
  type SignOutPart,
} from '../../vocabulary/index.ts'
import { createResponse, isNavigation, redirect } from '../responses.ts'
import {
  endSession,
  type FinishSessionOptions,
  reportIncomplete,
  unconfirmedParts,
} from '../../mechanisms/sessions/end-session.ts'
import type { BrowserPaths, RouteContext } from './route-context.ts'
import { sha256 } from '../../mechanisms/runtime/digest.ts'

type LogoutContext = Pick<RouteContext, 'query' | 'origin' | 'session' | 'logoutReturn'>

export interface LogoutOptions {
  /** The server for new sign-ins. */
  readonly server: AuthorizationServer
  /** The servers of all sessions. */
  readonly servers: AuthorizationServers<AuthorizationServer>
  /** How the session ends. */
  readonly ending: FinishSessionOptions
  readonly paths: BrowserPaths
  readonly clock: Clock
  readonly emit: EventListener
}

/**
 * Ends the session here, and then revokes its refresh token (RFC 7009). Then sends the browser to the authorization
 * server to end the session there (RP-Initiated Logout).
 *
 * The cookie is cleared in any case. A store or an authorization server that does not respond delays the response by at
 * most about 2 seconds. The response then names the parts that are not confirmed.
 *
 * @throws {RequestRefusedError} If another site might have caused the request.
 */
export async function logout(
  request: Request,
  context: LogoutContext,
  options: LogoutOptions,
): Promise<Response> {
  const { origin, query, session, logoutReturn } = context
  const { server, servers, ending, paths, clock, emit } = options
  const { home, postLogoutPath } = paths
  const wanted = query.get('returnTo')
  // Another site can call this route for a browser without a session.
  const isDefault = wanted === null || !isChosenHere(request.headers, origin)
  const returnTo = isDefault ? postLogoutPath : safeReturnTo(wanted, origin, home)
  if (!(await isIntentional(request, context, clock))) {
    const message =
      'Another site might have caused this sign-out. POST from your own page, or use `logoutUrl` of the user route.'
    throw new RequestRefusedError('cross_site_request_refused', message)
  }
  const startedAt = clock.elapsed()
  // The metadata arrives while the session ends.
  if (await session.find()) session.keepAlive(server.ready(session.keepAlive).catch(() => undefined))
  const signOut = await endSession('signed_out', { ...ending, session })
  const ended = signOut?.isConfirmed ? await signOut.ended : undefined
  if (!signOut || (signOut.isConfirmed && !ended)) return redirect(returnTo)

  const parts = unconfirmedParts(signOut, ending.revoke)
  const { state, cookies } = await logoutReturn.expect(returnTo)
  const record = ended?.record ?? signOut.carried
  const own = record ? servers.serverFor(record) : server
  const parameters = {
    id_token_hint: record?.idToken,
    logout_hint: record && logoutHint(record.claims),
    client_id: own?.registration.clientId,
    post_logout_redirect_uri: origin + postLogoutPath,
    state,
  }
  const remainingMs = SIGN_OUT_WAIT_MS - (clock.elapsed() - startedAt)
  const url = await withDeadline(
    Promise.resolve(own?.endSessionUrl(parameters)),
    remainingMs,
    clock,
    tooSlow,
  ).catch(
    // The user is signed out here, although the authorization server cannot be asked now.
    () => void parts.push('authorization_server'),
  )
  reportIncomplete(signOut.key, parts, emit, !signOut.isConfirmed)
  const location = url ? url.href : returnTo
  const lines = url ? cookies : []
  if (parts.length > 0 && !isNavigation(request)) return incomplete(parts, location, lines)
  return redirect(location, lines)
}

/** The name that the server knows the user by. It is sent only if the ID token is too long. */
function logoutHint({ preferred_username: name, email, sub }: UserClaims): string | undefined {
  return [name, email, sub].find((each) => typeof each === 'string')
}

/** A page that called `fetch` can show the state of the sign-out. `location` is the address for the browser. */
function incomplete(
  unconfirmed: readonly SignOutPart[],
  location: string,
  cookies: readonly string[],
): Response {
  const title = 'This browser is signed out, but not all parts are confirmed. Send it to `location`.'
  const body = { title, status: 202, code: 'sign_out_incomplete', unconfirmed, location }
  const response = createResponse(202, { 'content-type': 'application/json' }, JSON.stringify(body))
  for (const line of cookies) response.headers.append('set-cookie', line)
  return response
}

function tooSlow(): TryLaterError {
  const message = 'The authorization server did not respond. Try again later.'
  return new TryLaterError('authorization_server_unavailable', message, { retryAfterSeconds: 1 })
}

/**
 * Whether this application made the request, or the request carries the proof that only its pages know. A request without
 * a session changes nothing, so it needs neither.
 *
 * Otherwise, another site could sign the user out, as the first step to sign them in as another user.
 */
async function isIntentional(
  { method, headers }: Request,
  { session, query, origin }: LogoutContext,
  clock: Clock,
): Promise<boolean> {
  const handle = await session.find()
  if (!handle || (method === 'POST' && isSameOriginRequest(headers, origin))) return true
  // A browser that preloads links must not sign the user out.
  const isPreload = headers.has('sec-purpose') || (method !== 'GET' && method !== 'POST')
  const proof = query.get('proof')
  if (proof && !isPreload && sameText(await logoutProof(handle.key), proof)) return true
  return !(await withDeadline(handle.read(), SIGN_OUT_WAIT_MS, clock, storeTooSlow))
}

/**
 * Returns a proof that only a page with access to the user endpoint knows. It is bound to the session and proves only
 * that.
 */
export function logoutProof(key: string): Promise<string> {
  return sha256(`logout ${key}`)
}
