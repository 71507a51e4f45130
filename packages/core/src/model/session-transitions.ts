import { withGrant } from './ledger-transitions.ts'
import { nextGeneration, type SessionRecord, sidsOf, touch, withTokenClaims } from './session-record.ts'
import { jsonBytes, REFRESH_BYTES, UNLIMITED } from './stored-tokens.ts'
import type { TokenGrant } from './token-grant.ts'
import { EMPTY_LEDGER, type TokenLedger } from './token-ledger.ts'

/**
 * @param maxRecordBytes - Same as in `withTokenResponse`.
 * @param continued - An earlier session of the same user, if the response has no refresh token of its own.
 */
export function newSession(
  base: Pick<
    SessionRecord,
    'id' | 'issuer' | 'clientId' | 'expiresAt' | 'lifetime' | 'claims' | 'login' | 'isIndexed'
  >,
  grant: TokenGrant,
  key: string,
  now: number,
  maxRecordBytes: number = Infinity,
  continued?: SessionRecord,
): SessionRecord {
  const { claimsDecided, accessToken } = grant
  // Without a key for proofs, the refresh token of the earlier session is of no use.
  const usable = continued?.ledger.proofKey && !grant.proofKey ? undefined : continued
  const {
    refreshToken,
    origin,
    grantExpiry,
    attempt,
    doubt,
    spare,
    proofKey = grant.proofKey,
    ...earlier
  } = usable?.ledger ?? EMPTY_LEDGER
  // The scope is that of the refresh token.
  const scope = earlier.scope ?? grant.scope
  // The refresh token and the new access token are bound to different keys.
  const isOther = accessToken && proofKey !== grant.proofKey
  const response = isOther ? { ...grant, accessToken: { ...accessToken, proofKey: grant.proofKey } } : grant
  const ledger = { ...EMPTY_LEDGER, refreshToken, origin, scope, grantExpiry, attempt, proofKey }
  const start = { ...base, claimsDecided, generation: 0, touchedAt: now, ledger }
  // A logout can still name the session in which the grant began.
  const empty = usable
    ? {
        ...start,
        isContinued: true as const,
        sids: sidsOf(usable).filter((sid) => sid !== base.claims.sid),
      }
    : start
  // This response has not used the refresh token, so what was known about it still applies.
  const ledgerAfter = (maxTokenBytes: number) => ({
    ...withGrant(ledger, { grant: response, key, attempt }, { wall: now }, { ...UNLIMITED, maxTokenBytes }),
    doubt,
    spare,
  })
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
  { accessToken, claims, idToken, sessionExpiry = record.sessionExpiry }: TokenGrant,
  now: number,
  ledgerAfter: (maxTokenBytes: number) => TokenLedger,
  maxRecordBytes: number = Infinity,
  areClaimsKept?: boolean,
): SessionRecord {
  const next = {
    ...touch(claims ? withTokenClaims(record, claims, areClaimsKept) : record, now),
    sessionExpiry,
    idToken: idToken ?? record.idToken,
  }
  if (!accessToken || maxRecordBytes === Infinity) return { ...next, ledger: ledgerAfter(Infinity) }
  const smallest = ledgerAfter(0)
  const all = { ...next, ledger: { ...smallest, tokens: {} } }
  // The tokens of other grants are only a cache.
  const isTight = maxRecordBytes - jsonBytes(all) < jsonBytes(smallest.tokens)
  const withoutTokens = isTight ? { ...all, otherTokens: undefined } : all
  const bytesLeft = (each: string | undefined) =>
    maxRecordBytes - jsonBytes({ ...withoutTokens, idToken: each })
  // The ID token is only a hint for the sign-out. If the new one is too large, the old one may fit. The session must
  // not fail.
  const fitting = [next.idToken, record.idToken].find((each) => bytesLeft(each) >= jsonBytes(smallest.tokens))
  return { ...withoutTokens, idToken: fitting, ledger: ledgerAfter(bytesLeft(fitting)) }
}

/**
 * Replaces the tokens of other grants.
 *
 * @param ledgerAfter - Computes the ledger with tokens of at most this many bytes as JSON.
 * @returns The session without the tokens if they do not fit into `maxRecordBytes`.
 */
export function withOtherTokens(
  record: SessionRecord,
  ledgerAfter: (maxTokenBytes: number) => TokenLedger,
  maxRecordBytes: number,
): SessionRecord {
  // The browser gets a cookie with the tokens.
  const next = nextGeneration(record)
  if (maxRecordBytes === Infinity) return { ...next, otherTokens: ledgerAfter(Infinity) }
  const empty = { ...ledgerAfter(0), tokens: {} }
  const bytes = maxRecordBytes - jsonBytes({ ...next, otherTokens: empty })
  const otherTokens = ledgerAfter(bytes)
  return { ...next, otherTokens: jsonBytes(otherTokens.tokens) <= bytes ? otherTokens : empty }
}

/** Replaces the ledger of a session. A browser that keeps the session in its cookie needs a new refresh token. */
export function withLedger(record: SessionRecord, ledger: TokenLedger): SessionRecord {
  const next = { ...record, ledger }
  if (ledger.refreshToken !== record.ledger.refreshToken) return nextGeneration(next)
  // After a lease, the browser does not hold the newest state.
  return ledger.attempt === record.ledger.attempt ? next : { ...next, browserIsCurrent: undefined }
}
