import {
  MAX_TOKENS,
  REFRESH_BYTES,
  UNLIMITED,
  jsonBytes,
  rejectionsAfter,
  type TokenCapacity,
  withToken,
} from './stored-tokens.ts'
import type { TimeReading } from './time-reading.ts'
import type { ErrorCode } from '../vocabulary/index.ts'
import { type BackOffOptions, nextBackOff } from './back-off.ts'
import {
  nextGeneration,
  type RefreshTokenOrigin,
  type SessionRecord,
  type TokenGrant,
  touched,
  withTokenClaims,
} from './session-record.ts'

/** A token response with its request. */
export interface GrantedTokens {
  readonly grant: TokenGrant
  /** The token key of the request. */
  readonly key: string
  readonly attempt: number
  /** The value of the token that an API rejected, if that caused the request. */
  readonly rejected?: string | undefined
  /** The origin of a new refresh token. */
  readonly origin?: RefreshTokenOrigin | undefined
  /** Whether the hook of the application decides about the claims, after the tokens are stored. */
  readonly keepClaims?: boolean | undefined
}

/** @param maxRecordBytes - Same as in `TokenCapacity`. An ID token that does not fit is omitted. */
export function newSession(
  base: Pick<SessionRecord, 'id' | 'issuer' | 'expiresAt' | 'claims' | 'login'>,
  grant: TokenGrant,
  key: string,
  now: number,
  maxRecordBytes: number = Infinity,
): SessionRecord {
  const { scope, claimsDecided } = grant
  const empty = { ...base, scope, claimsDecided, generation: 0, touchedAt: now, tokens: {}, attempt: 0 }
  const capacity = { ...UNLIMITED, maxRecordBytes: maxRecordBytes - REFRESH_BYTES }
  return withGrant(empty, { grant, key, attempt: 0 }, { wall: now }, capacity)
}

/**
 * Applies a token response to a session (RFC 6749 §6, S1 to S3).
 *
 * The refresh is complete, so the lease, the doubt, the spare and the back-offs are removed.
 */
export function withGrant(
  record: SessionRecord,
  { grant, key, attempt, rejected, origin, keepClaims }: GrantedTokens,
  time: TimeReading,
  { lastUse, maxRecordBytes }: TokenCapacity = UNLIMITED,
): SessionRecord {
  const { accessToken, refreshToken, idToken, claims } = grant
  const next = {
    ...touched(withTokenClaims(record, claims, keepClaims), time.wall),
    lease: undefined,
    doubt: undefined,
    spare: undefined,
    // Several responses in a row without a usable access token are consecutive failures.
    backOff: accessToken ? undefined : record.backOff,
    parameterBackOffs: accessToken ? undefined : record.parameterBackOffs,
    refreshToken: refreshToken ?? record.refreshToken,
    origin: refreshToken === undefined ? record.origin : origin,
    idToken: idToken ?? record.idToken,
  }
  if (!accessToken) return next
  const rejections = rejectionsAfter(record.tokens[key], rejected, time)
  const token = { ...accessToken, attempt, ...(rejections !== undefined && { rejections }) }
  if (maxRecordBytes === Infinity)
    return { ...next, tokens: withToken(record.tokens, key, token, time, lastUse) }
  const bytesLeft = (base: SessionRecord) => maxRecordBytes - jsonBytes({ ...base, tokens: {} })
  const tokenBytes = jsonBytes({ [key]: token })
  // The ID token is only a hint for the sign-out. If the new one is too large, the old one may fit. The session must
  // not fail.
  const idTokens = [next.idToken, record.idToken]
  const fitting = idTokens.find((each) => bytesLeft({ ...next, idToken: each }) >= tokenBytes)
  const base = { ...next, idToken: fitting }
  return { ...base, tokens: withToken(record.tokens, key, token, time, lastUse, bytesLeft(base)) }
}

/**
 * Applies the newer of two responses to the same refresh token, after the older one was written. The refresh token of
 * the older one is kept as the spare, and a lease of another process is kept.
 */
export function withNewerGrant(
  record: SessionRecord,
  response: GrantedTokens,
  holder: string,
  time: TimeReading,
  capacity?: TokenCapacity,
): SessionRecord {
  const { lease, refreshToken: spare } = record
  const next = { ...withGrant(record, response, time, capacity), spare }
  return lease && lease.holder !== holder ? { ...next, lease } : next
}

/**
 * Takes the lease for the next refresh attempt.
 *
 * @param isUnsent - Whether the lease that the record carries is known not to have been used. Otherwise its holder may
 *   have sent the refresh token.
 */
export function withLease(record: SessionRecord, holder: string, isUnsent = false): SessionRecord {
  const attempt = record.attempt + 1
  const next = { ...record, attempt, lease: { attempt, holder, beat: 0 }, caughtUp: undefined }
  return record.lease && record.lease.holder !== holder && !isUnsent ? withDoubt(next) : next
}

/** Shows the other processes that the holder of the lease is alive. */
export function withBeat(record: SessionRecord): SessionRecord {
  const { lease } = record
  return lease ? { ...record, lease: { ...lease, beat: lease.beat + 1 } } : record
}

export function withoutLease(record: SessionRecord): SessionRecord {
  return { ...record, lease: undefined }
}

export function withDoubt(record: SessionRecord): SessionRecord {
  return record.doubt ? record : { ...record, doubt: 'unknown' }
}

/** Keeps the refresh token of the older of two responses. */
export function withSpare(record: SessionRecord, spare: string): SessionRecord {
  return { ...record, spare }
}

/** Replaces the refresh token that the server has refused with the spare one. */
export function withSpareInUse(record: SessionRecord): SessionRecord {
  return { ...nextGeneration(record), refreshToken: record.spare, spare: undefined, origin: undefined }
}

/** Releases the lease after a failure. No process refreshes during a pause, which grows with each failure in a row. */
export function withBackOff(
  record: SessionRecord,
  code: ErrorCode,
  time: TimeReading,
  options?: BackOffOptions,
): SessionRecord {
  return { ...withoutLease(record), backOff: nextBackOff(record.backOff, code, time, options) }
}

/** Does the same for one token key, after the authorization server refused the parameters of the request. */
export function withParameterBackOff(
  record: SessionRecord,
  key: string,
  code: ErrorCode,
  time: TimeReading,
  options?: BackOffOptions,
): SessionRecord {
  const { [key]: before, ...others } = record.parameterBackOffs ?? {}
  const newest = Object.entries(others).slice(1 - MAX_TOKENS)
  const backOff = nextBackOff(before, code, time, options)
  return { ...withoutLease(record), parameterBackOffs: Object.fromEntries([...newest, [key, backOff]]) }
}

/**
 * Lets the session wait, once, for the response to a refresh token that the server has refused.
 *
 * @param seconds - How long a response is awaited.
 */
export function withLastWait(
  record: SessionRecord,
  code: ErrorCode,
  time: TimeReading,
  seconds: number,
): SessionRecord {
  const waiting = withBackOff(record, code, time, { retryAfterSeconds: seconds })
  return { ...waiting, doubt: 'refused' }
}

/** Takes the refresh token out of use. `revoking` and `spare` keep both tokens until the server has confirmed. */
export function withoutRefreshToken(record: SessionRecord): SessionRecord {
  const { refreshToken } = record
  if (refreshToken === undefined) return record
  return {
    ...nextGeneration(record),
    revoking: refreshToken,
    refreshToken: undefined,
    lease: undefined,
  }
}

export function withRevocationConfirmed(record: SessionRecord): SessionRecord {
  return { ...nextGeneration(record), revoking: undefined, spare: undefined }
}
