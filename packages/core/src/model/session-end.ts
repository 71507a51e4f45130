import type { EndReason } from '../vocabulary/index.ts'
import { toTombstone, type SessionRecord } from './session-record.ts'
import { EMPTY_LEDGER, type TokenLedger } from './token-ledger.ts'

/** Which tokens the end of a session revokes: the refresh token, none, or `all` (the access tokens too). */
export type RevokedTokens = boolean | 'all'

/**
 * The tombstone of a session that has just ended, with the data for the work that follows the end.
 *
 * The process that wrote it might not learn that the write succeeded, or might stop. A repeated sign-out then finds the
 * work here and completes it.
 */
export function toUnfinishedTombstone(
  record: SessionRecord,
  reason: EndReason,
  revoke: RevokedTokens,
  successor?: string,
): SessionRecord {
  const { refreshToken, revoking, spare, tokens } = record.ledger
  const tombstone = toTombstone(record, reason)
  return {
    ...tombstone,
    unfinished: true,
    successor,
    idToken: record.idToken,
    ledger: {
      ...tombstone.ledger,
      revoking: revoke === false ? undefined : (refreshToken ?? revoking),
      spare: revoke === false ? undefined : spare,
      tokens: revoke === 'all' ? tokens : {},
    },
  }
}

/** Returns the tombstone after that work. Tokens that the authorization server has not confirmed remain in it. */
export function toFinishedTombstone(tombstone: SessionRecord, isRevoked: boolean): SessionRecord {
  const { idToken: _idToken, unfinished: _unfinished, ...rest } = tombstone
  if (!isRevoked) return rest
  return { ...rest, ledger: { ...EMPTY_LEDGER, attempt: tombstone.ledger.attempt } }
}

/** Whether a tombstone names tokens that a further sign-out can revoke. */
export function hasTokensToRevoke({ revoking, spare, tokens }: TokenLedger): boolean {
  return (revoking ?? spare) !== undefined || Object.keys(tokens).length > 0
}
