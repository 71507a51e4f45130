import type { LedgerRecord, RefreshTokenOrigin } from '../../model/token-ledger.ts'

/** A refresh token that was used, with the known facts about the response. */
export interface UsedRefreshToken extends RefreshTokenOrigin {
  /** `undefined` if the request used up nothing. */
  readonly refreshToken: string | undefined
  /** The token key of the request. */
  readonly key: string
}

/** The action for a token response, based on the current record. */
export type Settlement =
  /** The record still carries the refresh token that was used. */
  | 'write'
  /** It carries the result of another request that used the same one, and this response is newer. */
  | 'replace'
  /** The same, but this response is older, or its request used the spare: only its refresh token is kept, as the spare. */
  | 'spare'
  /**
   * It carries a later refresh token. The one in the response is kept valid: its revocation could end the grant (RFC
   * 7009 §2.1).
   */
  | 'adopt'
  /**
   * The owner is over, or its refresh token is out of use, or the grant was of an account that the owner has removed. Evertoken
   * revokes the refresh token in the response too.
   */
  | 'revoke'

/** Dates have whole seconds, and servers of one cluster differ a little. */
const DATE_TOLERANCE_SECONDS = 1

/**
 * Decides by lineage, not by lease, whether a token response goes into the record.
 *
 * @param rotated - Whether the response has a new refresh token.
 */
export function settle(
  record: LedgerRecord | undefined,
  used: UsedRefreshToken,
  rotated: boolean,
): Settlement {
  if (!record || isOutOfUse(record, used)) return 'revoke'
  if (isOfRemovedAccount(record, used)) return 'revoke'
  const { refreshToken, spare, tokens, origin } = record.ledger
  if (refreshToken === used.refreshToken) {
    const isOutdated = (tokens[used.key]?.attempt ?? 0) > used.attempt
    return isOutdated && !rotated ? 'adopt' : 'write'
  }
  // The refresh token became the spare during the request, because a late response had a newer one. It may be spent now.
  if (rotated && spare !== undefined && spare === used.refreshToken) return 'spare'
  if (!rotated || origin?.from !== used.from) return 'adopt'
  return isNewer(used, origin) ? 'replace' : 'spare'
}

/** Whether a refresh token that was used cannot be stored: its owner has ended, or has replaced it by another account. */
function isOutOfUse({ ended, ledger }: LedgerRecord, used: Pick<UsedRefreshToken, 'refreshToken'>): boolean {
  return ended !== undefined || (used.refreshToken !== undefined && ledger.refreshToken === undefined)
}

/** Whether an attempt used the grant of another account, which the owner has removed since then. */
export function isOfRemovedAccount(
  { ledger: { removedThrough = -1 } }: Pick<LedgerRecord, 'ledger'>,
  { attempt }: Pick<UsedRefreshToken, 'attempt'>,
): boolean {
  return attempt <= removedThrough
}

/** On servers where only the newest pair is valid, the order of the attempts is wrong in many cases. The dates decide. */
function isNewer(response: RefreshTokenOrigin, other: RefreshTokenOrigin): boolean {
  const apart = response.date !== undefined && other.date !== undefined ? response.date - other.date : 0
  if (Math.abs(apart) > DATE_TOLERANCE_SECONDS) return apart > 0
  if (response.late !== other.late) return response.late === true
  return response.attempt > other.attempt
}

/** The effect of a refused request on the ledger. */
export type Rejection =
  | 'end'
  /** Another process is using the refresh token: read the record again. */
  | 'again'
  /** Another process has replaced the refresh token, so this request has used a spent one. */
  | 'replaced'
  /** A spare refresh token is left. */
  | 'use_spare'
  /** The response to an earlier request may still arrive with a valid refresh token. */
  | 'wait'
  /** The request had parameters, and the server may have refused only these: try the refresh without parameters. */
  | 'try_plain'

/** @param isStrict - Whether the server ends the grant when a spent refresh token is used. */
export function settleRejection(
  record: LedgerRecord | undefined,
  used: Pick<UsedRefreshToken, 'refreshToken' | 'attempt' | 'key'>,
  isStrict: boolean,
): Rejection {
  if (!record || isOutOfUse(record, used)) return 'again'
  const { refreshToken, attempt, spare, doubt } = record.ledger
  if (refreshToken !== used.refreshToken) return 'replaced'
  if (attempt !== used.attempt) return 'again'
  // Also in doubt, and on a strict server: otherwise, the session would end, so this request can lose nothing.
  if (used.key !== '' && refreshToken !== undefined) return 'try_plain'
  if (isStrict) return 'end'
  if (spare !== undefined) return 'use_spare'
  return doubt === 'unknown' ? 'wait' : 'end'
}
