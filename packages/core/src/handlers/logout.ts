import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'
import { safeReturnTo } from '../rules/return-to.ts'
import { isSameOriginRequest } from '../rules/same-site.ts'
import { sameText } from '../rules/same-text.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import { type EndReason, RequestRefusedError } from '../vocabulary/index.ts'
import { logoutProof } from './logout-proof.ts'
import { expectReturn, type LogoutReturnOptions } from './logout-return.ts'
import { redirect } from './redirect.ts'
import { revokeSession, type RevokeSessionOptions } from './revocation.ts'

export interface EndSessionOptions extends RevokeSessionOptions {
  readonly session: RequestSession
  readonly protocol: Protocol
}

export interface LogoutOptions extends EndSessionOptions, LogoutReturnOptions {
  readonly query: URLSearchParams
  readonly clientId: string
}

/**
 * Ends the session: here first, whatever the authorization server says; then its refresh token (RFC 7009); then, in the
 * browser, the session at the authorization server when that offers it (RP-Initiated Logout).
 *
 * @throws RequestRefusedError when another site may have caused the request.
 */
export async function logout(request: Request, options: LogoutOptions): Promise<Response> {
  const { origin, postLogoutPath } = options
  const wanted = options.query.get('returnTo')
  const returnTo = wanted === null ? postLogoutPath : safeReturnTo(wanted, origin)
  if (!(await isMeant(request, options))) {
    const message =
      'Cannot sign out: POST from a page of this application, or use the "logoutUrl" of the user route'
    throw new RequestRefusedError('cross_site_request_refused', message)
  }
  const last = await endSession('signed_out', options)
  if (!last) return redirect(returnTo)
  const { state, cookies } = await expectReturn(returnTo, options)
  const url = await options.protocol
    .endSessionUrl({
      id_token_hint: last.idToken,
      client_id: options.clientId,
      post_logout_redirect_uri: origin + postLogoutPath,
      state,
    })
    // The user is signed out here; that the authorization server cannot be asked now changes nothing about it.
    .catch(() => undefined)
  return url ? redirect(url.href, cookies) : redirect(returnTo)
}

/** Ends the session here; what it leaves at the authorization server is revoked beside the answer. */
export async function endSession(
  reason: EndReason,
  options: EndSessionOptions,
): Promise<SessionRecord | undefined> {
  const { session, protocol } = options
  const last = await session.end(reason)
  if (last) session.keepAlive(revokeSession(protocol, last.id, last, options))
  return last
}

/**
 * A request that this application has made, or one with the proof that only its pages know. Where nobody is signed in
 * there is nothing to forge.
 */
async function isMeant(
  { method, headers }: Request,
  { session, query, origin }: LogoutOptions,
): Promise<boolean> {
  const cell = await session.find()
  if (method === 'POST' && isSameOriginRequest(headers, origin)) return true
  // A browser that loads ahead what might be clicked must not sign anybody out.
  const isAhead = headers.has('sec-purpose') || (method !== 'GET' && method !== 'POST')
  const proof = query.get('proof')
  if (cell && proof && !isAhead && sameText(await logoutProof(cell.key), proof)) return true
  return !(await cell?.read())
}
