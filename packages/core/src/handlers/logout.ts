import type { Protocol } from '../mechanisms/protocol.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'
import { safeReturnTo } from '../rules/return-to.ts'
import { isSameOriginRequest } from '../rules/same-site.ts'
import { type EventListener, RequestRefusedError } from '../vocabulary/index.ts'
import { problemFor } from './problem.ts'
import { revokeGivenUp } from './revocation.ts'

export interface LogoutOptions {
  readonly protocol: Protocol
  readonly clientId: string
  readonly origin: string
  readonly revoke: boolean
  readonly postLogoutRedirectUri: string
  readonly emit: EventListener
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
  const { protocol, origin } = options
  if (request.method !== 'POST' || !isSameOriginRequest(request.headers, origin)) return problemFor(forged())
  const key = (await session.find())?.key
  const last = await session.end('signed_out')
  const refreshToken = last?.refreshToken ?? last?.revoking
  if (options.revoke && key !== undefined && refreshToken !== undefined) {
    session.keepAlive(revokeGivenUp(protocol, key, refreshToken, options.emit))
  }
  const returnTo = safeReturnTo(new URL(request.url).searchParams.get('returnTo'), origin)
  const location = last ? await endSessionUrl(last.idToken, options) : undefined
  const headers = { location: location ?? returnTo, 'cache-control': 'no-store' }
  return new Response(null, { status: 303, headers })
}

async function endSessionUrl(
  idToken: string | undefined,
  options: LogoutOptions,
): Promise<string | undefined> {
  const { protocol, clientId, postLogoutRedirectUri } = options
  const url = await protocol
    .endSessionUrl({
      ...(idToken !== undefined && { id_token_hint: idToken }),
      client_id: clientId,
      post_logout_redirect_uri: postLogoutRedirectUri,
    })
    // The user is signed out here; that the authorization server cannot be asked now changes nothing about it.
    .catch(() => undefined)
  return url?.href
}

function forged(): RequestRefusedError {
  const message = 'Cannot sign out: send a POST request from a page of this application'
  return new RequestRefusedError('cross_site_request_refused', message)
}
