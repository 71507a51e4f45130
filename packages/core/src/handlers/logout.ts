import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { safeReturnTo } from '../rules/return-to.ts'
import { isSameOriginRequest } from '../rules/same-site.ts'
import { sameText } from '../rules/same-text.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'
import { logoutProof } from './logout-proof.ts'
import type { LogoutReturns } from './logout-return.ts'
import { problemFor } from './problem.ts'
import { redirect } from './redirect.ts'
import { revokeSession, type RevokeSessionOptions } from './revocation.ts'

export interface LogoutOptions extends RevokeSessionOptions {
  readonly protocol: Protocol
  readonly clientId: string
  readonly origin: string
  readonly postLogoutRedirectUri: string
  /** Leads the browser on when the authorization server sends it back. Absent: it stays where it was sent. */
  readonly returns?: LogoutReturns
}

/**
 * Ends the session: here first, whatever the authorization server says; then its refresh token (RFC 7009); then, in the
 * browser, the session at the authorization server when that offers it (RP-Initiated Logout).
 */
export async function logout(
  request: Request,
  session: RequestSession,
  options: LogoutOptions,
): Promise<Response> {
  const query = new URL(request.url).searchParams
  const returnTo = safeReturnTo(query.get('returnTo'), options.origin)
  const cell = await session.find()
  if (!(await isMeant(request, query, cell, options.origin))) return problemFor(forged())
  const last = await session.end('signed_out')
  if (!cell || !last) return redirect(returnTo)
  session.keepAlive(revokeSession(options.protocol, cell.key, last, options))
  return endSession(last.idToken, returnTo, options)
}

/**
 * A request that this application has made, or one with the proof that only its pages know. Where nobody is signed in
 * there is nothing to forge.
 */
async function isMeant(
  request: Request,
  query: URLSearchParams,
  cell: SessionCell | undefined,
  origin: string,
): Promise<boolean> {
  const { method, headers } = request
  if (method === 'POST' && isSameOriginRequest(headers, origin)) return true
  // A browser that loads ahead what might be clicked must not sign anybody out.
  const isAhead = headers.has('sec-purpose') || (method !== 'GET' && method !== 'POST')
  const proof = query.get('proof')
  if (cell && proof !== null && !isAhead && sameText(await logoutProof(cell.key), proof)) return true
  return !(await cell?.read())
}

async function endSession(
  idToken: string | undefined,
  returnTo: string,
  options: LogoutOptions,
): Promise<Response> {
  const { protocol, clientId, postLogoutRedirectUri, returns } = options
  const back = await returns?.expect(returnTo)
  const url = await protocol
    .endSessionUrl({
      ...(idToken !== undefined && { id_token_hint: idToken }),
      client_id: clientId,
      post_logout_redirect_uri: postLogoutRedirectUri,
      ...(back && { state: back.state }),
    })
    // The user is signed out here; that the authorization server cannot be asked now changes nothing about it.
    .catch(() => undefined)
  return url ? redirect(url.href, back ? [back.cookie] : []) : redirect(returnTo)
}

function forged(): RequestRefusedError {
  const message =
    'Cannot sign out: send a POST request from a page of this application, or use the address that the user route gives'
  return new RequestRefusedError('cross_site_request_refused', message)
}
