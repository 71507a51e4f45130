import type { RequestSession } from '../mechanisms/request-session.ts'
import { problemFor, signInRequired } from './problem.ts'

/** Tells the page who is signed in: the claims about the user and when the session ends. Never a token. */
export async function user(session: RequestSession): Promise<Response> {
  const cell = await session.find()
  const snapshot = await cell?.read()
  if (!snapshot) return problemFor(signInRequired('no_session'))
  session.note(snapshot)
  const { claims, expiresAt } = snapshot.record
  return Response.json({ claims, sessionExpiresAt: expiresAt }, { headers: { 'cache-control': 'no-store' } })
}
