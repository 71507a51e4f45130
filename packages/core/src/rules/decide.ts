import type { ErrorCode } from '../vocabulary/index.ts'
import { lasts } from './cool-down.ts'
import { freshness, jitterOf } from './freshness.ts'
import type { SessionRecord, StoredToken } from './session-record.ts'
import { exceedsGrant, type TokenRequest } from './token-key.ts'

/** How the authorization server treats a refresh token that it has seen before. */
export type ReusePolicy = 'strict' | 'tolerant' | { readonly graceSeconds: number }

export interface RefreshPolicy {
  /** Seconds before expiry from which a token is refreshed beside its use. */
  readonly refreshBeforeExpiry: number
  readonly reuse: ReusePolicy
  /** Whether the old token still works while the refresh is on its way. */
  readonly serveDuringRefresh: boolean
}

/** What a caller asks for. */
export interface Want {
  /** From `tokenKey`. */
  readonly key: string
  /** The value of a token that a resource server rejected. */
  readonly rejected?: string | undefined
  /** What the key stands for. */
  readonly request?: TokenRequest
}

/** What is known of the claim that the record carries, to the one who asks. */
export type ClaimState = 'live' | 'lapsed' | 'mine'

export type Decision =
  | { readonly do: 'serve'; readonly token: StoredToken; readonly refresh: boolean }
  | { readonly do: 'claim'; readonly refreshToken: string }
  | { readonly do: 'wait' }
  | { readonly do: 'sign_in'; readonly code: ErrorCode }
  | { readonly do: 'try_later'; readonly code: ErrorCode; readonly seconds: number }

/** A token rejected at this age or younger is not replaced: the next one would be rejected as well. */
const REJECTED_TOO_SOON_SECONDS = 10

/** What to do next for a caller who wants a token, seen from the newest record. */
export function decide(
  record: SessionRecord | undefined,
  want: Want,
  now: number,
  policy: RefreshPolicy,
  claim: ClaimState = 'live',
): Decision {
  if (!record) return { do: 'sign_in', code: 'no_session' }
  if (record.ended || now >= record.expiresAt) return { do: 'sign_in', code: 'session_ended' }

  const token = record.tokens[want.key]
  const state = token ? stateOf(record, token, want, now, policy) : 'expired'
  if (token && state === 'fresh') return { do: 'serve', token, refresh: false }

  const next = replace(record, want, now, claim)
  if (!token || state === 'expired') return next
  if (!policy.serveDuringRefresh && (next.do === 'claim' || next.do === 'wait')) return next
  return { do: 'serve', token, refresh: next.do === 'claim' && !risksGrant(record, policy, claim) }
}

function stateOf(record: SessionRecord, token: StoredToken, want: Want, now: number, policy: RefreshPolicy) {
  if (token.value !== want.rejected) {
    return freshness(token, now, policy.refreshBeforeExpiry, jitterOf(record.id))
  }
  const age = now - token.obtainedAt
  const tooSoon = Math.min(REJECTED_TOO_SOON_SECONDS, (token.expiresAt - token.obtainedAt) / 2)
  return age >= 0 && age < tooSoon ? 'fresh' : 'expired'
}

function replace(record: SessionRecord, want: Want, now: number, claim: ClaimState): Decision {
  if (record.refreshToken === undefined) return { do: 'sign_in', code: 'no_refresh_token' }
  if (exceedsGrant(want.request?.scope, record.scope))
    return { do: 'try_later', code: 'scope_not_granted', seconds: 0 }
  const coolDown = [record.coolDown, record.refusals?.[want.key]].find((each) => lasts(each, now))
  if (coolDown) return { do: 'try_later', code: coolDown.code, seconds: coolDown.until - now }
  if (record.claim && claim === 'live') return { do: 'wait' }
  return { do: 'claim', refreshToken: record.refreshToken }
}

/** After an answer was lost, a strict server may end the grant at the next use: not while the old token still works. */
function risksGrant({ inDoubt, claim }: SessionRecord, policy: RefreshPolicy, state: ClaimState): boolean {
  return policy.reuse === 'strict' && (inDoubt === true || (claim !== undefined && state === 'lapsed'))
}
