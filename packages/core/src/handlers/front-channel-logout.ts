import { sameText } from '../rules/same-text.ts'
import { answer, page } from './answer.ts'
import { endSession, type EndSessionOptions } from './logout.ts'
import { problem } from './problem.ts'

export interface FrontChannelLogoutOptions extends EndSessionOptions {
  readonly query: URLSearchParams
  readonly issuer: string
}

/**
 * Ends the session whose cookie comes along, when the authorization server names itself and the session (OIDC
 * Front-Channel Logout §2). What it loads is a frame in its own page, where many browsers send no cookie.
 */
export async function frontChannelLogout(
  _request: Request,
  options: FrontChannelLogoutOptions,
): Promise<Response> {
  const { session, query, issuer } = options
  const sid = query.get('sid')
  if (query.get('iss') !== issuer || !sid) {
    const message = 'Cannot sign out: "iss" and "sid" must name the authorization server and the session'
    return problem(400, { code: 'cross_site_request_refused', message })
  }
  const snapshot = await (await session.find())?.read()
  if (sameText(snapshot?.record.claims.sid ?? '', sid)) await endSession('front_channel_logout', options)
  return page(answer(200), 'Signed out', `; frame-ancestors ${new URL(issuer).origin}`)
}
