import { timeFor, type TimeReading } from '../../model/time-reading.ts'
import type { ErrorCode, EvertokenError, RedactedCause, SignInCode } from '../../vocabulary/index.ts'
import { secondsLeft } from '../../model/back-off.ts'
import { type Freshness, freshness, isFromFuture, isValidFor, jitterOf } from './freshness.ts'
import { heldTokens, rejectionWaitSeconds, type StoredToken } from '../../model/stored-tokens.ts'
import { exceedsGrant, type TokenParameters } from '../../model/token-parameters.ts'
import type { LedgerRecord, TokenLedger } from '../../model/token-ledger.ts'

/** How the authorization server treats a refresh token that it has seen before. */
export type ReusePolicy = 'strict' | 'tolerant' | { readonly graceSeconds: number }

/** What a request for an access token uses up. A refresh uses a refresh token, client credentials use nothing. */
export type Consumption =
  | { readonly consumes: 'refresh_token'; readonly reuse: ReusePolicy }
  | { readonly consumes: 'nothing' }

export type RefreshPolicy = Consumption & {
  /** Seconds before expiry from which a token is refreshed in the background. */
  readonly refreshBeforeExpirySeconds: number
  /** Whether the old token still works during a refresh. */
  readonly serveDuringRefresh: boolean
  /** Whether a failure concerns only its token key, because each key is from another server or function. */
  readonly pausesOnlyKey?: boolean
  /** Creates the error for a failure of this kind of request. If it returns `undefined`, the usual error is used. */
  readonly errorOf?: (code: ErrorCode, cause: RedactedCause | undefined) => EvertokenError | undefined
}

/** Returns how the server treats a request that is sent a second time. If it uses up nothing, it can be repeated. */
export function reuseOf(consumption: Consumption): ReusePolicy {
  return consumption.consumes === 'nothing' ? 'tolerant' : consumption.reuse
}

/** The token that a caller requests. */
export interface TokenWanted {
  /** From `tokenKey`. */
  readonly key: string
  /** The value of a token that a resource server rejected. */
  readonly rejected?: string | undefined
  /** The request for which the key was made. */
  readonly request?: TokenParameters
  /** Whether the stored token must be replaced, although it may be current. */
  readonly isForced?: boolean
  /** The value of the token that must be replaced although it works. Empty if no token was there. */
  readonly replaced?: string | undefined
  /** Whether the caller has seen that the server has refused the grant, and tries it again. */
  readonly retriesRefused?: boolean | undefined
  /** For how many seconds the token must still be valid. */
  readonly minValiditySeconds?: number | undefined
}

/**
 * The state of the lease in the record, as this process sees it. `mine`: this process holds it and has sent nothing.
 */
export type LeaseState = 'live' | 'lapsed' | 'mine'

export type Decision =
  | { readonly do: 'serve'; readonly token: StoredToken; readonly refresh: boolean }
  | { readonly do: 'refresh' }
  | { readonly do: 'wait' }
  | { readonly do: 'sign_in'; readonly code: SignInCode; readonly isRevoked?: true | undefined }
  | { readonly do: 'fail'; readonly code: ErrorCode; readonly seconds: number }

/**
 * Decides the next step for a caller who needs a token, based on the newest record. Only a request that uses a refresh
 * token can require a sign-in.
 */
export function decide(
  record: LedgerRecord | undefined,
  wanted: TokenWanted,
  time: TimeReading,
  policy: RefreshPolicy,
  lease: LeaseState = 'live',
): Decision {
  if (!record) return { do: 'sign_in', code: 'no_session' }
  if (record.ended || time.wall >= record.expiresAt) return { do: 'sign_in', code: 'session_ended' }
  const { broken } = record
  // The server may have been wrong.
  if (broken && !broken.isTemporary && !wanted.retriesRefused)
    return { do: 'sign_in', code: 'needs_reauthorization' }

  const { ledger } = record
  const [token, state] = bestToken(record, wanted, time, policy)
  if (token && state === 'fresh') return { do: 'serve', token, refresh: false }

  const next = replace(ledger, wanted, time, policy, lease)
  if (!token || state === 'expired') return next
  const canRefresh = next.do === 'refresh' && !risksGrant(ledger, policy, lease)
  if (!policy.serveDuringRefresh && (canRefresh || next.do === 'wait')) return next
  return { do: 'serve', token, refresh: canRefresh }
}

/** Returns the token to serve, with its state: the first one that works. */
function bestToken(
  { id, ledger: { tokens } }: LedgerRecord,
  wanted: TokenWanted,
  time: TimeReading,
  policy: RefreshPolicy,
): readonly [StoredToken | undefined, Freshness] {
  const own = wanted.isForced ? undefined : tokens[wanted.key]
  const state = own ? stateOf(id, own, wanted, time, policy) : 'expired'
  const mayUseOther = wanted.key !== '' && !wanted.isForced && wanted.replaced === undefined
  if (state !== 'expired' || !mayUseOther) return [own, state]
  const held = heldTokens(tokens, wanted.key)
  // If an API has rejected a token, it can have revoked all that existed then. Only a later one can help.
  const rejected = held.find(({ value }) => value === wanted.rejected)
  for (const token of held) {
    if (rejected && token !== rejected && token.attempt <= rejected.attempt) continue
    const other = stateOf(id, token, wanted, time, policy)
    if (other !== 'expired') return [token, other]
  }
  return [own, state]
}

function stateOf(
  id: string,
  token: StoredToken,
  wanted: TokenWanted,
  time: TimeReading,
  { refreshBeforeExpirySeconds: seconds }: RefreshPolicy,
): Freshness {
  if (isFromFuture(token, time)) return 'expired'
  const now = timeFor(token, time)
  // Only the start of the soft window depends on the jitter, which costs more than the rest to compute.
  const earliest = freshness(token, now, seconds, 1)
  if (earliest === 'expired' || token.value === wanted.replaced) return 'expired'
  if (!isValidFor(token, now, wanted.minValiditySeconds)) return 'expired'
  const state = earliest === 'soft' ? freshness(token, now, seconds, jitterOf(id)) : earliest
  if (token.value !== wanted.rejected) return state
  const wait = rejectionWaitSeconds(token.rejections ?? 0, token.expiresAt - token.obtainedAt)
  // A clock that is behind the writer's must not turn the wait off.
  return Math.max(0, now - token.obtainedAt) < wait ? 'fresh' : 'expired'
}

function replace(
  ledger: TokenLedger,
  wanted: TokenWanted,
  time: TimeReading,
  { consumes }: RefreshPolicy,
  lease: LeaseState,
): Decision {
  if (consumes === 'refresh_token') {
    if (ledger.refreshToken === undefined)
      return { do: 'sign_in', code: 'no_refresh_token', isRevoked: ledger.isRevoked }
    if (exceedsGrant(wanted.request?.scope, ledger.scope))
      return { do: 'fail', code: 'scope_not_granted', seconds: 0 }
  }
  for (const backOff of [ledger.backOff, ledger.parameterBackOffs?.[wanted.key]]) {
    if (!backOff) continue
    const seconds = secondsLeft(backOff, time)
    if (seconds > 0) return failureOf(backOff.code, seconds)
  }
  return { do: ledger.lease && lease === 'live' ? 'wait' : 'refresh' }
}

/** Returns what a failure with this code means for a caller. */
export function failureOf(code: ErrorCode, seconds: number): Decision {
  return code === 'login_required' || code === 'refresh_token_refused'
    ? { do: 'sign_in', code }
    : { do: 'fail', code, seconds }
}

/**
 * After a lost response, a strict server may end the grant at the next use of the refresh token. So the refresh token
 * is not used while the access token still works.
 */
function risksGrant({ doubt, lease }: TokenLedger, policy: RefreshPolicy, state: LeaseState): boolean {
  return reuseOf(policy) === 'strict' && (doubt !== undefined || (lease !== undefined && state === 'lapsed'))
}

/** A process that holds the lease shows every 2 seconds that it is alive. */
const LAPSE_SECONDS = 8
/** A strict server may end the grant after a takeover, so that must come late enough to be rare. */
const STRICT_LAPSE_SECONDS = 20

/** Most stores respond within this time. A slower one needs longer leases. */
const USUAL_STORE_SECONDS = 5
/** The second use of a refresh token must arrive within the grace period. */
const GRACE_SHARE = 0.9
/** A request leaves this many seconds before another process can take the lease over. */
const LAPSE_MARGIN_SECONDS = 2
/** The time between two steps of a process, in seconds. */
const SLACK_SECONDS = 1

/**
 * Returns for how many seconds a process must watch a lease that does not change before it takes the lease over. That
 * must be less than a grace period, or the second use comes too late.
 *
 * @param storeTimeoutSeconds - How long an operation of the store may take.
 */
export function lapseSeconds(reuse: ReusePolicy, storeTimeoutSeconds: number = USUAL_STORE_SECONDS): number {
  const slowSeconds = Math.max(0, storeTimeoutSeconds - USUAL_STORE_SECONDS)
  if (reuse === 'tolerant') return LAPSE_SECONDS + slowSeconds
  if (reuse === 'strict' || reuse.graceSeconds <= LAPSE_SECONDS) {
    // A swap without a response is confirmed by a read, so it can take two operations.
    const swapSeconds = 2 * storeTimeoutSeconds + LAPSE_MARGIN_SECONDS + SLACK_SECONDS
    return Math.max(STRICT_LAPSE_SECONDS + slowSeconds, swapSeconds)
  }
  return Math.max(LAPSE_SECONDS, Math.min(LAPSE_SECONDS + slowSeconds, reuse.graceSeconds * GRACE_SHARE))
}

/**
 * Returns for how many seconds after the swap a process with a slow store can still send the refresh token.
 *
 * Usually, the request leaves before another process can take the lease over. With a long grace period, it can leave
 * later, if two requests, before and after a takeover, stay within that period. A tolerant server accepts it at any
 * time.
 */
export function latestSendSeconds(reuse: ReusePolicy, lapse: number): number {
  if (reuse === 'tolerant') return Infinity
  const beforeLapse = lapse - LAPSE_MARGIN_SECONDS
  if (reuse === 'strict') return beforeLapse
  return Math.max(beforeLapse, reuse.graceSeconds * GRACE_SHARE - lapse)
}
