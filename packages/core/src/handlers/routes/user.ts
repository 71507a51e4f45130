import { grantEndsAt } from '../../model/grant-expiry.ts'
import { endsAt } from '../../model/session-record.ts'
import { privateJson } from '../responses.ts'
import { refuseCrossSite, problem, signInRequired } from '../problem.ts'
import { logoutProof } from './logout.ts'
import type { BrowserPaths, RouteContext } from './route-context.ts'

export interface UserOptions {
  readonly idleTimeoutSeconds: number
  readonly paths: Pick<BrowserPaths, 'routePrefix'>
  /** The response without a session: 401, or 200 with `null`. */
  readonly anonymousUserStatus: 401 | 200
}

/**
 * Returns the claims of the user, the end of the session and of its grant, and the sign-out URL to the page, and never a token. A
 * request with `?slide=false` does not extend the session.
 */
export async function user(
  request: Request,
  { session, current, query, origin }: Pick<RouteContext, 'session' | 'current' | 'query' | 'origin'>,
  { idleTimeoutSeconds, paths, anonymousUserStatus }: UserOptions,
): Promise<Response> {
  const refused = refuseCrossSite(request, origin)
  if (refused) return refused
  const slides = query.get('slide') !== 'false'
  const handle = await session.find()
  // A refresh extends the session.
  const snapshot = await (slides ? current() : handle?.read())
  if (!handle || !snapshot) {
    return anonymousUserStatus === 200 ? privateJson(null) : problem(401, signInRequired('no_session'))
  }
  if (slides) session.observe(snapshot)
  const { claims, ledger } = snapshot.record
  const grantEnd = grantEndsAt(ledger.grantExpiry)
  return privateJson({
    claims,
    sid: claims.sid,
    sessionExpiresAt: Math.floor(endsAt(snapshot.record, idleTimeoutSeconds)),
    grantExpiresAt: grantEnd && Math.floor(grantEnd),
    logoutUrl: `${paths.routePrefix}/logout?proof=${await logoutProof(handle.key)}`,
  })
}
