import { copyClaims, endsAt, type SessionRecord } from '../model/session-record.ts'
import { grantEndsAt } from '../model/grant-expiry.ts'
import type { UserClaims } from '../model/token-grant.ts'
import { joinNamedId } from '../rules/sessions/session-id.ts'

/** The limits of all sessions, in seconds. */
export interface SessionLifetimes {
  readonly idleTimeoutSeconds: number
  readonly absoluteTimeoutSeconds: number
}

/** The settings that the facts about a session depend on. */
export interface SessionInfoContext {
  readonly lifetimes: SessionLifetimes
  /** The name of the client registration. Absent if there is only one. */
  readonly registrationName?: string | undefined
}

/** The facts about a session. All times are in seconds since the epoch. */
export interface SessionInfo {
  /** The ID for `sessionById`. It never changes, and it is useless in a cookie. */
  readonly id: string
  /** The claims about the user. They are a copy. */
  readonly claims: UserClaims
  /** When the session started. */
  readonly startedAt: number
  /** When the session was last used. It is at most 10 % of `idleTimeoutSeconds` too early. */
  readonly lastUsedAt: number
  /** When the session ends if it is not used again. */
  readonly expiresAt: number
  /** When the grant of the refresh token ends. `undefined` if the authorization server has not reported it. */
  readonly grantExpiresAt: number | undefined
  /** The granted scope. `undefined` if the authorization server has not reported it. */
  readonly scope: string | undefined
  /** The name of the client registration. `undefined` if there is only one. */
  readonly registration: string | undefined
}

export function createSessionInfo(
  record: SessionRecord,
  { lifetimes, registrationName }: SessionInfoContext,
): SessionInfo {
  const { id, claims, touchedAt, ledger, lifetime = lifetimes.absoluteTimeoutSeconds } = record
  return {
    id: registrationName === undefined ? id : joinNamedId({ key: id, name: registrationName }),
    claims: copyClaims(claims),
    startedAt: record.expiresAt - lifetime,
    lastUsedAt: touchedAt,
    expiresAt: endsAt(record, lifetimes.idleTimeoutSeconds),
    grantExpiresAt: grantEndsAt(ledger.grantExpiry),
    scope: ledger.scope,
    registration: registrationName,
  }
}
