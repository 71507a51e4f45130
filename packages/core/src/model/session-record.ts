import type { EndReason } from '../vocabulary/index.ts'
import { grantEndsAt } from './grant-expiry.ts'
import type { UserClaims } from './token-grant.ts'
import { EMPTY_LEDGER, isTokenLedger, type LedgerRecord, type TokenLedger } from './token-ledger.ts'

/**
 * One authentication session. It is immutable: each transition below creates the next record, and a swap replaces the
 * previous one with it.
 */
export interface SessionRecord extends LedgerRecord {
  readonly ended?: EndReason
  readonly issuer: string
  readonly clientId: string
  /** Grows whenever a browser that keeps the session in its cookie needs a new cookie. */
  readonly generation: number
  /** When the session was last known to be in use. */
  readonly touchedAt: number
  /** The seconds from the start to `expiresAt`. The record of a session that has ended does not contain it. */
  readonly lifetime?: number | undefined
  /** When the session at the server ends, in seconds since the epoch, as the latest ID token with this claim reports it. */
  readonly sessionExpiry?: number | undefined
  readonly claims: UserClaims
  /** The login that started the session, so that a repeated authorization response can find it. */
  readonly login?: string | undefined
  /** The application has decided about the claims. A refresh does not change them, unless the hook `onSignIn` does. */
  readonly claimsDecided?: true | undefined
  /** Further `sid` of the session, from the ID tokens of its refreshes. The newest is first. */
  readonly sids?: readonly string[] | undefined
  /**
   * The tokens that other grants have got for the user, such as a token exchange. It is a ledger of its own, so that neither
   * its requests nor their failures affect the refresh token.
   */
  readonly otherTokens?: TokenLedger | undefined
  /** The index of the store lists the session under its user. */
  readonly isIndexed?: true | undefined
  /** The browser has shown that it holds this generation. */
  readonly browserIsCurrent?: true | undefined
  /**
   * Whether the work after the end (events, revocation) is not confirmed. Only a record with `ended` contains this
   * member.
   */
  readonly unfinished?: true | undefined
  /** The key of the session that continues the grant. Only a record with `ended` contains this member. */
  readonly successor?: string | undefined
}

/** One client of one authorization server. The tokens of a session are sent only to the server of its registration. */
export type Registration = Pick<SessionRecord, 'issuer' | 'clientId'>

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
  const { auth_time: _, ...others } = claims
  // The ID tokens of a continued grant have the time of an earlier sign-in.
  const added = record.isContinued ? others : claims
  const merged = record.claimsDecided || areKept ? record.claims : { ...record.claims, ...added }
  const known = sidsOf({ claims, sids: sidsOf(record) }).filter((sid) => sid !== merged.sid)
  const sids = known.length > 0 ? known.slice(0, MAX_SIDS - 1) : undefined
  return { ...record, claims: merged, sids }
}

/** The claims that the application has decided for. Every browser must receive them. */
export function withDecidedClaims(record: SessionRecord, claims: UserClaims): SessionRecord {
  const isSame = record.claimsDecided && hasClaims(record, claims)
  return isSame ? record : { ...nextGeneration(record), claims, claimsDecided: true }
}

/**
 * The claims of a refresh that the application leaves as they are. Every browser must receive them.
 *
 * @param kept - The claims that stay if the refresh does not name them. The default is all.
 */
export function withAcceptedClaims(
  record: SessionRecord,
  claims: UserClaims | undefined,
  kept: UserClaims = record.claims,
): SessionRecord {
  const next = withTokenClaims(record.claimsDecided ? record : { ...record, claims: kept }, claims)
  return hasClaims(record, next.claims) ? record : nextGeneration(next)
}

function hasClaims(record: SessionRecord, claims: UserClaims): boolean {
  return JSON.stringify(record.claims) === JSON.stringify(claims)
}

export function touch(record: SessionRecord, now: number): SessionRecord {
  // A clock that is behind must not bring the end of the session nearer.
  return { ...nextGeneration(record), touchedAt: Math.max(record.touchedAt, now) }
}

/** Every browser must receive the result. */
export function nextGeneration(record: SessionRecord): SessionRecord {
  return { ...record, generation: record.generation + 1, browserIsCurrent: undefined }
}

/** Notes that the browser has this generation. Only requests that it sent earlier still need the store. */
export function withCurrentBrowser(record: SessionRecord): SessionRecord {
  return { ...record, browserIsCurrent: true }
}

/** Returns the tombstone of a session that is over. It has enough data to refuse later requests with its cookie. */
export function toTombstone(record: SessionRecord, reason: EndReason): SessionRecord {
  const { id, issuer, clientId, generation, expiresAt, touchedAt } = nextGeneration(record)
  const ledger = { ...EMPTY_LEDGER, attempt: record.ledger.attempt }
  return { id, issuer, clientId, generation, expiresAt, touchedAt, claims: {}, ended: reason, ledger }
}

/** Returns when the session ends unless it is used again, in seconds since the epoch. */
export function endsAt(record: SessionRecord, idleTimeoutSeconds: number): number {
  const { expiresAt, sessionExpiry = Infinity, touchedAt, ledger } = record
  const grantEnd = ledger.grantExpiry && grantEndsAt(ledger.grantExpiry)
  return Math.min(expiresAt, sessionExpiry, grantEnd ?? Infinity, touchedAt + idleTimeoutSeconds)
}

/** Returns when the session ends even if it is used, in seconds since the epoch. */
export function latestEnd(record: SessionRecord): number {
  return endsAt(record, Infinity)
}

/** Whether a decrypted value has the shape of a session record. */
export function isSessionRecord(value: unknown): value is SessionRecord {
  const record = Object(value) as SessionRecord
  const { id, issuer, clientId, generation, expiresAt, touchedAt, claims, ledger } = record
  return (
    [id, issuer, clientId].every((text) => typeof text === 'string') &&
    [generation, expiresAt, touchedAt].every(Number.isFinite) &&
    typeof claims === 'object' &&
    claims !== null &&
    isTokenLedger(ledger)
  )
}

/** Returns a JSON copy, so that a caller who changes its claims does not change the session. */
export function copyClaims(claims: UserClaims): UserClaims {
  return JSON.parse(JSON.stringify(claims)) as UserClaims
}
