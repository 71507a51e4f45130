import { type BackOffOptions, nextBackOff } from './back-off.ts'
import { grantExpiryAfter } from './grant-expiry.ts'
import { MAX_TOKENS, rejectionsAfter, type TokenCapacity, UNLIMITED, withToken } from './stored-tokens.ts'
import type { TimeReading } from './time-reading.ts'
import type { TokenGrant } from './token-grant.ts'
import type { RefreshTokenOrigin, TokenLedger } from './token-ledger.ts'
import type { ErrorCode } from '../vocabulary/index.ts'

/** The tokens of a response, with the request. */
export interface GrantedTokens {
  readonly grant: Pick<TokenGrant, 'accessToken' | 'refreshToken' | 'grantExpiry'>
  /** The token key of the request. */
  readonly key: string
  readonly attempt: number
  /** The value of the token that an API rejected, if that caused the request. */
  readonly rejected?: string | undefined
  /** The origin of a new refresh token. */
  readonly origin?: RefreshTokenOrigin | undefined
}

/**
 * Applies a token response to a ledger (RFC 6749 §6, S1 to S3).
 *
 * The refresh is complete, so the lease, the doubt, the spare and the back-off are removed. It proves nothing about the
 * parameters of other token keys, so their back-offs are kept.
 */
export function withGrant(
  ledger: TokenLedger,
  { grant, key, attempt, rejected, origin }: GrantedTokens,
  time: TimeReading,
  capacity: TokenCapacity = UNLIMITED,
): TokenLedger {
  const { accessToken, refreshToken, grantExpiry: reported } = grant
  const isRotated = refreshToken !== undefined && refreshToken !== ledger.refreshToken
  const tokenLifetime = accessToken ? accessToken.expiresAt - accessToken.obtainedAt : 0
  const before = ledger.grantExpiry
  const grantExpiry =
    (reported ?? before) && grantExpiryAfter(before, { reported, isRotated, tokenLifetime }, time)
  const next = {
    ...ledger,
    lease: undefined,
    doubt: undefined,
    spare: undefined,
    refreshToken: refreshToken ?? ledger.refreshToken,
    origin: refreshToken === undefined ? ledger.origin : origin,
    grantExpiry,
  }
  // Several responses in a row without a usable access token are consecutive failures, so the back-offs are kept.
  if (!accessToken) return next
  const rejections = rejectionsAfter(ledger.tokens[key], rejected, time)
  // A response without details means that they have not changed, as for the scope.
  const authorizationDetails = accessToken.authorizationDetails ?? ledger.tokens[key]?.authorizationDetails
  const token = {
    ...accessToken,
    attempt,
    ...(rejections !== undefined && { rejections }),
    ...(authorizationDetails && { authorizationDetails }),
  }
  const tokens = withToken(ledger.tokens, key, token, time, capacity.lastUse, capacity.maxTokenBytes)
  const { parameterBackOffs: paused } = ledger
  return { ...next, backOff: undefined, parameterBackOffs: paused && withoutKey(paused, key), tokens }
}

function withoutKey(
  backOffs: NonNullable<TokenLedger['parameterBackOffs']>,
  key: string,
): TokenLedger['parameterBackOffs'] {
  const { [key]: _, ...others } = backOffs
  return Object.keys(others).length > 0 ? others : undefined
}

/**
 * Applies the newer of two responses to the same refresh token, after the older one was written. The refresh token of
 * the older one is kept as the spare, and a lease of another process is kept.
 */
export function withNewerGrant(
  ledger: TokenLedger,
  response: GrantedTokens,
  holder: string,
  time: TimeReading,
  capacity?: TokenCapacity,
): TokenLedger {
  const { lease, refreshToken: spare } = ledger
  const next = { ...withGrant(ledger, response, time, capacity), spare }
  return lease && lease.holder !== holder ? { ...next, lease } : next
}

/**
 * Takes the lease for the next refresh attempt.
 *
 * @param isUnsent - Whether the lease that the ledger carries is known not to have been used. Otherwise its holder may
 *   have sent the refresh token.
 */
export function withLease(ledger: TokenLedger, holder: string, isUnsent = false): TokenLedger {
  const attempt = ledger.attempt + 1
  const next = { ...ledger, attempt, lease: { attempt, holder, beat: 0 } }
  return ledger.lease && ledger.lease.holder !== holder && !isUnsent ? withDoubt(next) : next
}

/** Shows the other processes that the holder of the lease is alive. */
export function withBeat(ledger: TokenLedger): TokenLedger {
  const { lease } = ledger
  return lease ? { ...ledger, lease: { ...lease, beat: lease.beat + 1 } } : ledger
}

export function withoutLease(ledger: TokenLedger): TokenLedger {
  return { ...ledger, lease: undefined }
}

/** Notes that the refresh token may be spent. Without a refresh token, there is nothing to doubt. */
export function withDoubt(ledger: TokenLedger): TokenLedger {
  return ledger.doubt || ledger.refreshToken === undefined ? ledger : { ...ledger, doubt: 'unknown' }
}

/** Keeps the refresh token of the older of two responses. */
export function withSpare(ledger: TokenLedger, spare: string): TokenLedger {
  return { ...ledger, spare }
}

/**
 * Replaces the refresh token that the server has refused with the spare one. That token may be why the server refused
 * parameters, so their back-offs end.
 */
export function withSpareInUse(ledger: TokenLedger): TokenLedger {
  const { spare: refreshToken } = ledger
  return { ...ledger, refreshToken, spare: undefined, origin: undefined, parameterBackOffs: undefined }
}

/** Releases the lease after a failure. No process refreshes during a pause, which grows with each failure in a row. */
export function withBackOff(
  ledger: TokenLedger,
  code: ErrorCode,
  time: TimeReading,
  options?: BackOffOptions,
): TokenLedger {
  return { ...withoutLease(ledger), backOff: nextBackOff(ledger.backOff, code, time, options) }
}

/** Does the same for one token key, after the authorization server refused the parameters of the request. */
export function withParameterBackOff(
  ledger: TokenLedger,
  key: string,
  code: ErrorCode,
  time: TimeReading,
  options?: BackOffOptions,
): TokenLedger {
  const { [key]: before, ...others } = ledger.parameterBackOffs ?? {}
  const newest = Object.entries(others).slice(1 - MAX_TOKENS)
  const backOff = nextBackOff(before, code, time, options)
  return { ...withoutLease(ledger), parameterBackOffs: Object.fromEntries([...newest, [key, backOff]]) }
}

/**
 * Lets the owner wait, once, for the response to a refresh token that the server has refused. The use of a spent token may be
 * why the server refused parameters, so their back-offs end.
 *
 * @param seconds - How long a response is awaited.
 */
export function withLastWait(
  ledger: TokenLedger,
  code: ErrorCode,
  time: TimeReading,
  seconds: number,
): TokenLedger {
  const waiting = withBackOff(ledger, code, time, { retryAfterSeconds: seconds })
  return { ...waiting, doubt: 'refused', parameterBackOffs: undefined }
}

/** Takes the refresh token out of use. `revoking` and `spare` keep both tokens until the server has confirmed. */
export function withoutRefreshToken(ledger: TokenLedger): TokenLedger {
  const { refreshToken } = ledger
  if (refreshToken === undefined) return ledger
  return {
    ...ledger,
    revoking: refreshToken,
    refreshToken: undefined,
    grantExpiry: undefined,
    lease: undefined,
    isRevoked: true,
  }
}

export function withRevocationConfirmed(ledger: TokenLedger): TokenLedger {
  return { ...ledger, revoking: undefined, spare: undefined }
}
