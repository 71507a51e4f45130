import type { EndReason } from '../vocabulary/index.ts'
import type { BackOff } from './back-off.ts'
import type { StoredToken, StoredTokens } from './stored-tokens.ts'

/**
 * The lease of the process that refreshes now. Its holder must show activity, because the others watch `attempt` and
 * `beat`.
 */
export interface RefreshLease {
  readonly attempt: number
  /** A random name of the flight with the lease. */
  readonly holder: string
  /** Grows while the holder waits for a response. */
  readonly beat: number
}

/** The origin of a refresh token. If two requests used the same one, this decides which response is newer. */
export interface RefreshTokenOrigin {
  /** A hash of the refresh token that was used to get it. */
  readonly from: string
  readonly attempt: number
  /** The `Date` of the response, in seconds since the epoch. */
  readonly date?: number | undefined
  /** The request left more than 2 seconds after its lease was taken. */
  readonly late?: true | undefined
}

/**
 * An earlier use of the refresh token may have succeeded, but its response was lost. `refused`: since then, the server
 * has refused the token, so that only a late response can bring a valid one.
 */
export type Doubt = 'unknown' | 'refused'

/** Claims about the user, from the ID token. */
export interface UserClaims {
  readonly sub?: string
  readonly sid?: string
  readonly [claim: string]: unknown
}

/** The usable parts of a token response. */
export interface TokenGrant {
  /** Absent if the response had no usable access token. All other usable parts are kept. */
  readonly accessToken?: Omit<StoredToken, 'attempt'> | undefined
  readonly refreshToken?: string | undefined
  readonly scope?: string | undefined
  /** The unmodified ID token. `claims` is present if it was validated. */
  readonly idToken?: string | undefined
  readonly claims?: UserClaims | undefined
  /** Whether the application has decided about `claims`. */
  readonly claimsDecided?: true | undefined
}

/**
 * One authentication session. It is immutable: each transition below creates the next record, and a swap replaces the
 * previous one with it.
 */
export interface SessionRecord {
  /** The key of the session in the store. It gives no access to the session. */
  readonly id: string
  readonly issuer: string
  /** Grows whenever a browser that keeps the session in its cookie needs a new cookie. */
  readonly generation: number
  /** Seconds since the epoch. The session is over then, even if it is in use. */
  readonly expiresAt: number
  /** When the session was last known to be in use. */
  readonly touchedAt: number
  readonly claims: UserClaims
  /** The login that started the session, so that a repeated authorization response can find it. */
  readonly login?: string | undefined
  /** The application has decided about the claims. A refresh does not change them, unless the hook `onSignIn` does. */
  readonly claimsDecided?: true | undefined
  /** Further `sid` of the session, from the ID tokens of its refreshes. The newest is first. */
  readonly sids?: readonly string[] | undefined
  readonly idToken?: string | undefined
  readonly refreshToken?: string | undefined
  /** A refresh token that is no longer used, and whose revocation the authorization server has not confirmed. */
  readonly revoking?: string | undefined
  /** The scope that was granted to the refresh token. An access token may have less. */
  readonly scope?: string | undefined
  readonly tokens: StoredTokens
  /** The number of the latest refresh attempt. */
  readonly attempt: number
  readonly lease?: RefreshLease | undefined
  readonly origin?: RefreshTokenOrigin | undefined
  /** The refresh token of the older of two responses. It is tried once if the server refuses the stored one. */
  readonly spare?: string | undefined
  readonly backOff?: BackOff | undefined
  /** Back-offs of single token keys, after the server refused the parameters of the request. The newest is last. */
  readonly parameterBackOffs?: Readonly<Record<string, BackOff>> | undefined
  readonly doubt?: Doubt | undefined
  /** The browser has shown that it holds this generation. */
  readonly caughtUp?: true | undefined
  readonly ended?: EndReason
  /**
   * Whether the work after the end (events, revocation) is not confirmed. Only a record with `ended` contains this
   * member.
   */
  readonly unfinished?: true | undefined
}

/** Some servers change the `sid` when the user signs in again there. A logout can name an earlier one. */
const MAX_SIDS = 4

/** All `sid` under which a logout can name the session. */
export function sidsOf({ claims, sids = [] }: Pick<SessionRecord, 'claims' | 'sids'>): string[] {
  return [...new Set([claims.sid, ...sids])].filter((sid) => typeof sid === 'string')
}

/**
 * Returns the session after a refresh whose ID token has these claims.
 *
 * @param areKept - The hook of the application has not decided about the new claims yet. Only their `sid` is noted.
 */
export function withTokenClaims(
  record: SessionRecord,
  claims: UserClaims | undefined,
  areKept = false,
): SessionRecord {
  if (!claims) return record
  const merged = record.claimsDecided || areKept ? record.claims : { ...record.claims, ...claims }
  const known = sidsOf({ claims, sids: sidsOf(record) }).filter((sid) => sid !== merged.sid)
  const sids = known.length > 0 ? known.slice(0, MAX_SIDS - 1) : undefined
  return { ...record, claims: merged, sids }
}

/** The claims that the application has decided for. Every browser must receive them. */
export function withDecidedClaims(record: SessionRecord, claims: UserClaims): SessionRecord {
  const isSame = record.claimsDecided && hasClaims(record, claims)
  return isSame ? record : { ...nextGeneration(record), claims, claimsDecided: true }
}

/** The claims of an ID token that the application leaves as they are. Every browser must receive them. */
export function withAcceptedClaims(record: SessionRecord, claims: UserClaims | undefined): SessionRecord {
  const next = withTokenClaims(record, claims)
  return hasClaims(record, next.claims) ? record : nextGeneration(next)
}

function hasClaims(record: SessionRecord, claims: UserClaims): boolean {
  return JSON.stringify(record.claims) === JSON.stringify(claims)
}

/** The number of the latest refresh whose tokens are stored. */
export function latestRefresh({ tokens }: SessionRecord): number {
  return Math.max(0, ...Object.values(tokens).map(({ attempt }) => attempt))
}

export function touched(record: SessionRecord, now: number): SessionRecord {
  // A clock that is behind must not bring the end of the session nearer.
  return { ...nextGeneration(record), touchedAt: Math.max(record.touchedAt, now) }
}

/** Every browser must receive the result. */
export function nextGeneration(record: SessionRecord): SessionRecord {
  return { ...record, generation: record.generation + 1, caughtUp: undefined }
}

/** Notes that the browser has this generation. Only requests that it sent earlier still need the store. */
export function caughtUp(record: SessionRecord): SessionRecord {
  return { ...record, caughtUp: true }
}

/** Returns the tombstone of a session that is over. It has enough data to refuse later requests with its cookie. */
export function ended(record: SessionRecord, reason: EndReason): SessionRecord {
  const { id, issuer, generation, expiresAt, touchedAt, attempt } = nextGeneration(record)
  return { id, issuer, generation, expiresAt, touchedAt, attempt, claims: {}, tokens: {}, ended: reason }
}

/** Returns when the session ends unless it is used again, in seconds since the epoch. */
export function endsAt(record: SessionRecord, idleTimeoutSeconds: number): number {
  return Math.min(record.expiresAt, record.touchedAt + idleTimeoutSeconds)
}

/** Whether a decrypted value has the shape of a session record. */
export function isSessionRecord(value: unknown): value is SessionRecord {
  const { id, issuer, generation, expiresAt, touchedAt, attempt, tokens, claims } = Object(
    value,
  ) as SessionRecord
  return (
    [id, issuer].every((text) => typeof text === 'string') &&
    [generation, expiresAt, touchedAt, attempt].every(Number.isFinite) &&
    [tokens, claims].every((part) => typeof part === 'object' && part !== null)
  )
}
