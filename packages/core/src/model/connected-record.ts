import {
  type ConnectionBase,
  type ConnectionRecord,
  isOfRegistration,
  isOtherAccount,
} from './connection-record.ts'
import { withGrant } from './ledger-transitions.ts'
import type { Registration } from './session-record.ts'
import type { TokenGrant } from './token-grant.ts'
import { EMPTY_LEDGER, type TokenLedger } from './token-ledger.ts'

/**
 * The record after the owner has connected an account, or has connected it again.
 *
 * @param earlier - The record or the tombstone of the same owner and name, if there is one.
 * @param isAnyAccount - Whether several accounts can give the grant. A response that names no account then keeps nothing.
 */
export function connectedRecord(
  base: ConnectionBase,
  grant: TokenGrant,
  now: number,
  earlier?: ConnectionRecord,
  isAnyAccount = false,
): ConnectionRecord {
  const current = earlier?.ended ? undefined : earlier
  const same = current && isSameAccount(current, base, grant, isAnyAccount) ? current : undefined
  const claims = grant.claims ?? same?.claims ?? {}
  const { attempt, removedThrough } = attemptsAfter(base, grant, earlier)
  return {
    ...base,
    expiresAt: Infinity,
    connectedAt: now,
    claims,
    changes: earlier?.changes,
    ledger: { ...newLedger(grant, now, attempt, same), removedThrough },
  }
}

/** A response of the same client that names no account is treated as one for the same account, unless others can give it. */
function isSameAccount(
  record: ConnectionRecord,
  base: Registration,
  { claims }: TokenGrant,
  isAnyAccount: boolean,
): boolean {
  if (!isOfRegistration(record, base) || isOtherAccount(record, base, claims)) return false
  return !isAnyAccount || (claims?.sub !== undefined && claims.sub === record.claims.sub)
}

/** The number of attempts never decreases, so that a late response is recognized. */
function attemptsAfter(
  base: Registration,
  { claims }: TokenGrant,
  earlier: ConnectionRecord | undefined,
): Pick<TokenLedger, 'attempt' | 'removedThrough'> {
  if (!earlier) return { attempt: 0 }
  const { attempt, removedThrough } = earlier.ledger
  // The same account can have the same grant again. A revocation could end it (RFC 7009 §2.1).
  const isOther = !isOfRegistration(earlier, base) || isOtherAccount(earlier, base, claims)
  return { attempt, removedThrough: earlier.ended && isOther ? attempt : removedThrough }
}

/** Some servers issue a refresh token only at the first consent, so a later response keeps the earlier one. */
function newLedger(
  grant: TokenGrant,
  now: number,
  attempt: number,
  earlier: ConnectionRecord | undefined,
): TokenLedger {
  const { proofKey, scope } = grant
  // A refresh token of unbound tokens does not fit a token that is bound to a key.
  const keepsToken = grant.refreshToken === undefined && proofKey === undefined
  const kept = keepsToken ? usableLedger(earlier) : undefined
  if (!kept)
    return withGrant(
      { ...EMPTY_LEDGER, attempt, proofKey, scope },
      { grant, key: '', attempt },
      { wall: now },
    )
  const { lease, doubt, spare } = kept
  // The response has not used the refresh token, so the facts about that one still apply.
  const next = withGrant(kept, { grant, key: '', attempt }, { wall: now })
  return { ...next, lease, doubt, spare, scope: scope ?? kept.scope }
}

function usableLedger(earlier: ConnectionRecord | undefined): TokenLedger | undefined {
  const isRefused = earlier?.broken && !earlier.broken.isTemporary
  // The new access token is bound to another key.
  return earlier && !isRefused && earlier.ledger.proofKey === undefined ? earlier.ledger : undefined
}
