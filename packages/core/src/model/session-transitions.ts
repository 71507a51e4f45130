import { withGrant } from './ledger-transitions.ts'
import {
  nextGeneration,
  type SessionRecord,
  touch,
  withSessionExpiry,
  withTokenClaims,
} from './session-record.ts'
import { jsonBytes, REFRESH_BYTES, UNLIMITED } from './stored-tokens.ts'
import type { TokenGrant } from './token-grant.ts'
import { EMPTY_LEDGER, type TokenLedger } from './token-ledger.ts'

/** @param maxRecordBytes - Same as in `withTokenResponse`. */
export function newSession(
  base: Pick<SessionRecord, 'id' | 'issuer' | 'clientId' | 'expiresAt' | 'lifetime' | 'claims' | 'login'>,
  grant: TokenGrant,
  key: string,
  now: number,
  maxRecordBytes: number = Infinity,
): SessionRecord {
  const { scope, claimsDecided, proofKey } = grant
  const ledger = { ...EMPTY_LEDGER, scope, proofKey }
  const empty = { ...base, claimsDecided, generation: 0, touchedAt: now, ledger }
  const ledgerAfter = (maxTokenBytes: number) =>
    withGrant(ledger, { grant, key, attempt: 0 }, { wall: now }, { ...UNLIMITED, maxTokenBytes })
  return withTokenResponse(empty, grant, now, ledgerAfter, maxRecordBytes - REFRESH_BYTES)
}

/**
 * Applies a token response to a session.
 *
 * @param ledgerAfter - Computes the ledger after the response, with tokens of at most this many bytes as JSON. The new
 *   token is always kept.
 * @param maxRecordBytes - How many bytes the session may take as JSON. An ID token that does not fit is omitted.
 * @param areClaimsKept - The hook of the application decides about the claims, after the tokens are stored.
 */
export function withTokenResponse(
  record: SessionRecord,
  { accessToken, claims, idToken, sessionExpiry }: TokenGrant,
  now: number,
  ledgerAfter: (maxTokenBytes: number) => TokenLedger,
  maxRecordBytes: number = Infinity,
  areClaimsKept?: boolean,
): SessionRecord {
  const next = {
    ...withSessionExpiry(touch(withTokenClaims(record, claims, areClaimsKept), now), sessionExpiry),
    idToken: idToken ?? record.idToken,
  }
  if (!accessToken || maxRecordBytes === Infinity) return { ...next, ledger: ledgerAfter(Infinity) }
  const smallest = ledgerAfter(0)
  const withoutTokens = { ...next, ledger: { ...smallest, tokens: {} } }
  const bytesLeft = (each: string | undefined) =>
    maxRecordBytes - jsonBytes({ ...withoutTokens, idToken: each })
  // The ID token is only a hint for the sign-out. If the new one is too large, the old one may fit. The session must
  // not fail.
  const fitting = [next.idToken, record.idToken].find((each) => bytesLeft(each) >= jsonBytes(smallest.tokens))
  return { ...next, idToken: fitting, ledger: ledgerAfter(bytesLeft(fitting)) }
}

/** Replaces the ledger of a session. A browser that keeps the session in its cookie needs a new refresh token. */
export function withLedger(record: SessionRecord, ledger: TokenLedger): SessionRecord {
  const next = { ...record, ledger }
  if (ledger.refreshToken !== record.ledger.refreshToken) return nextGeneration(next)
  // After a lease, the browser does not hold the newest state.
  return ledger.attempt === record.ledger.attempt ? next : { ...next, browserIsCurrent: undefined }
}
