import type { RequestSession } from '../mechanisms/sessions/request-session.ts'
import type { MakeRecord, StartedSession } from '../mechanisms/sessions/session-strategy.ts'
import type { Registration, SessionRecord } from '../model/session-record.ts'
import { newSession } from '../model/session-transitions.ts'
import type { TokenGrant } from '../model/token-grant.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionHandle } from '../ports/session-handle.ts'
import { isSameUser } from '../rules/protocol/same-user.ts'

/** The parts of an application that a new session uses. */
export interface NewSessionOptions {
  readonly clock: Clock
  readonly registration: Registration
  readonly lifetimes: { readonly absoluteTimeoutSeconds: number }
  readonly beforeStart?: ((record: SessionRecord) => Promise<void>) | undefined
}

/** Starts a session with the tokens of a sign-in, in place of the previous session of the browser. */
export function startFromGrant(
  session: Pick<RequestSession, 'start'>,
  grant: TokenGrant,
  { clock, registration, lifetimes, beforeStart }: NewSessionOptions,
  login?: string,
  hidden?: SessionHandle,
): Promise<StartedSession> {
  const { claims = {}, refreshToken } = grant
  const make: MakeRecord = async (id, maxRecordBytes, continued) => {
    const now = clock.now()
    const lifetime = lifetimes.absoluteTimeoutSeconds
    const isIndexed = beforeStart && claims.sub !== undefined ? (true as const) : undefined
    const base = { id, ...registration, expiresAt: now + lifetime, lifetime, claims, login, isIndexed }
    return newSession(base, grant, '', now, maxRecordBytes, continued)
  }
  // Some servers issue a refresh token only at the first sign-in of a user. Without a login, the application has started the
  // session, and the earlier grant may not be meant for it.
  const mayContinue = login !== undefined && refreshToken === undefined
  const isSame = (record: SessionRecord) => isSameUser(record, registration, claims)
  return session.start(make, {
    list: beforeStart,
    hidden,
    isSameUser: mayContinue ? isSame : undefined,
  })
}
