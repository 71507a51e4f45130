import type { RequestSession } from '../mechanisms/request-session.ts'
import { sameText } from '../rules/same-text.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'
import { problem } from './problem.ts'
import { revokeSession, type RevokeSessionOptions } from './revocation.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'

export interface FrontChannelLogoutOptions extends RevokeSessionOptions {
  readonly protocol: Protocol
  readonly issuer: string
}

/**
 * Ends the session whose cookie comes along, when the authorization server names itself and the session (OIDC
 * Front-Channel Logout §2). What it loads is a frame in its own page, where many browsers send no cookie.
 */
export async function frontChannelLogout(
  request: Request,
  session: RequestSession,
  options: FrontChannelLogoutOptions,
): Promise<Response> {
  const query = new URL(request.url).searchParams
  const [iss, sid] = [query.get('iss'), query.get('sid')]
  if (iss !== options.issuer || !sid) return problem(400, notNamed())
  const cell = await session.find()
  const snapshot = await cell?.read()
  if (cell && snapshot && sameText(snapshot.record.claims.sid ?? '', sid)) {
    const last = await session.end('front_channel_logout')
    if (last) session.keepAlive(revokeSession(options.protocol, cell.key, last, options))
  }
  const { origin } = new URL(options.issuer)
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; frame-ancestors ${origin}`,
    'content-type': 'text/html; charset=utf-8',
  }
  return new Response('<!doctype html><title>Signed out</title>', { headers })
}

function notNamed(): RequestRefusedError {
  const message = 'Cannot sign out: "iss" and "sid" have to name the authorization server and the session'
  return new RequestRefusedError('cross_site_request_refused', message)
}
