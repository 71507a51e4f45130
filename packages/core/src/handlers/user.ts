import type { RequestSession } from '../mechanisms/request-session.ts'
import { endsAt } from '../rules/session-record.ts'
import { refuseForged } from './anti-forgery.ts'
import { logoutProof } from './logout-proof.ts'
import { problem, signInRequired } from './problem.ts'

export interface UserOptions {
  readonly origin: string
  readonly idleSeconds: number
  readonly logoutPath: string
  /** What nobody gets: 401, or 200 with `null`. */
  readonly anonymous: 401 | 200
}

/**
 * Tells the page who is signed in: the claims about the user, when the session ends, and where to sign out. Never a
 * token. With `?slide=false` the session is not the longer for it.
 */
export async function user(
  request: Request,
  session: RequestSession,
  { origin, idleSeconds, logoutPath, anonymous }: UserOptions,
): Promise<Response> {
  const refused = refuseForged(request, origin)
  if (refused) return refused
  const cell = await session.find()
  const snapshot = await cell?.read()
  if (!cell || !snapshot) {
    return anonymous === 200 ? json(null) : problem(401, signInRequired('no_session'))
  }
  if (new URL(request.url).searchParams.get('slide') !== 'false') session.note(snapshot)
  const { claims } = snapshot.record
  return json({
    claims,
    sid: claims.sid,
    sessionExpiresAt: endsAt(snapshot.record, idleSeconds),
    logoutUrl: `${logoutPath}?proof=${await logoutProof(cell.key)}`,
  })
}

function json(body: unknown): Response {
  const headers = { 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' }
  return Response.json(body, { headers })
}
