import type { SessionRecord } from './session-record.ts'

/** A refresh that was answered, seen against the record as it stands now. */
export interface Consumed {
  readonly refreshToken: string
  readonly key: string
  readonly attempt: number
}

/**
 * Two writers meet: does the answer I hold go into the record? Decided by lineage, not by who holds the claim.
 *
 * - `write`: the record still carries the refresh token I used.
 * - `adopt`: it carries a later one. Mine is left alone: revoking it could end the whole grant (RFC 7009 §2.1).
 * - `revoke`: the session is over, or its refresh token was given up; so must be the one I got.
 */
export function settle(record: SessionRecord | undefined, mine: Consumed): 'write' | 'adopt' | 'revoke' {
  if (!record || record.ended || record.refreshToken === undefined) return 'revoke'
  if (record.refreshToken !== mine.refreshToken) return 'adopt'
  return (record.tokens[mine.key]?.attempt ?? 0) > mine.attempt ? 'adopt' : 'write'
}

/**
 * The authorization server rejected the refresh token: does that end the session?
 *
 * - `end`: the record still carries it and nobody else is trying.
 * - `again`: somebody replaced it, or is about to; look once more.
 */
export function settleRejection(record: SessionRecord | undefined, mine: Consumed): 'end' | 'again' {
  const unchanged = record && !record.ended && record.refreshToken === mine.refreshToken
  return unchanged && record.attempt === mine.attempt ? 'end' : 'again'
}
