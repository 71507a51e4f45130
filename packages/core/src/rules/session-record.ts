import type { EndReason, ErrorCode } from '../vocabulary/index.ts'
import { type CoolDown, nextCoolDown } from './cool-down.ts'

/** An access token as the session keeps it. Times are seconds since the epoch. */
export interface StoredToken {
  readonly value: string
  readonly type: 'Bearer'
  /** When the request that brought it was sent. */
  readonly obtainedAt: number
  readonly expiresAt: number
  readonly scope?: string | undefined
  /** The refresh attempt that brought it; 0 for the sign-in. */
  readonly attempt: number
}

/** Somebody is using the refresh token right now. */
export interface RefreshClaim {
  readonly attempt: number
  /** A random name of the flight that holds it. */
  readonly by: string
}

/** Claims about the user, from the ID token. */
export interface UserClaims {
  readonly sub?: string
  readonly sid?: string
  readonly [claim: string]: unknown
}

/** What a token response gives, after everything that cannot be used was left out. */
export interface TokenGrant {
  /** Absent when the response held no usable access token; what else it brought is still kept. */
  readonly accessToken?: Omit<StoredToken, 'attempt'> | undefined
  readonly refreshToken?: string | undefined
  readonly scope?: string | undefined
  /** As received; `claims` is present once it was validated. */
  readonly idToken?: string | undefined
  readonly claims?: UserClaims | undefined
}

/**
 * One authentication session. Never changed in place: each transition below makes the next record, which a swap puts
 * where the previous one stood.
 */
export interface SessionRecord {
  /** The key of the session in the store; not what a browser could show to get in. */
  readonly id: string
  readonly issuer: string
  /** Grows whenever a browser that keeps the session in its cookie needs a new cookie. */
  readonly generation: number
  /** Seconds since the epoch; the session is over then, however active. */
  readonly expiresAt: number
  /** When the session was last known to be in use. */
  readonly touchedAt: number
  readonly claims: UserClaims
  readonly idToken?: string | undefined
  readonly refreshToken?: string | undefined
  /** A refresh token that was given up and that the authorization server has not confirmed to be revoked. */
  readonly revoking?: string | undefined
  /** What the refresh token was granted; an access token may have less. */
  readonly scope?: string | undefined
  readonly tokens: Readonly<Record<string, StoredToken>>
  /** The number of the latest refresh attempt. */
  readonly attempt: number
  readonly claim?: RefreshClaim | undefined
  readonly coolDown?: CoolDown | undefined
  /** The same for one token key, where the refusal was about what was asked for; the newest last. */
  readonly refusals?: Readonly<Record<string, CoolDown>> | undefined
  /** An earlier use of the refresh token may have gone through, its answer lost. */
  readonly inDoubt?: true | undefined
  /** The browser has shown that it holds this generation. */
  readonly caughtUp?: true | undefined
  readonly ended?: EndReason
  /** Whether the work that follows the end (events, revocation) is not confirmed. Only a record that has `ended` has it. */
  readonly unfinished?: true | undefined
}

const MAX_TOKENS = 8

export function newSession(
  base: Pick<SessionRecord, 'id' | 'issuer' | 'expiresAt' | 'claims'>,
  grant: TokenGrant,
  key: string,
  now: number,
): SessionRecord {
  const empty = { ...base, scope: grant.scope, generation: 0, touchedAt: now, tokens: {}, attempt: 0 }
  return withGrant(empty, grant, key, 0, now)
}

/** What a token response does to a session (RFC 6749 §6): see S1–S3. */
export function withGrant(
  record: SessionRecord,
  grant: TokenGrant,
  key: string,
  attempt: number,
  now: number,
): SessionRecord {
  const { accessToken, refreshToken, idToken, claims } = grant
  return {
    ...touched(record, now),
    claim: undefined,
    inDoubt: undefined,
    // Answers without a usable access token are failures in a row.
    coolDown: accessToken ? undefined : record.coolDown,
    refusals: accessToken ? undefined : record.refusals,
    tokens: accessToken ? withToken(record.tokens, key, { ...accessToken, attempt }, now) : record.tokens,
    refreshToken: refreshToken ?? record.refreshToken,
    idToken: idToken ?? record.idToken,
    claims: { ...record.claims, ...claims },
  }
}

function withToken(
  tokens: SessionRecord['tokens'],
  key: string,
  token: StoredToken,
  now: number,
): SessionRecord['tokens'] {
  const others = Object.entries(tokens)
    .filter(([other, { expiresAt }]) => other !== key && expiresAt > now)
    .toSorted(([, a], [, b]) => b.expiresAt - a.expiresAt)
    .slice(0, MAX_TOKENS - 1)
  return Object.fromEntries([...others, [key, token]])
}

/** Whoever takes over the claim of somebody else cannot know whether that one has sent the refresh token. */
export function withClaim(record: SessionRecord, by: string): SessionRecord {
  const attempt = record.attempt + 1
  const next = { ...record, attempt, claim: { attempt, by }, caughtUp: undefined }
  return record.claim && record.claim.by !== by ? withDoubt(next) : next
}

export function withDoubt(record: SessionRecord): SessionRecord {
  return { ...record, inDoubt: true }
}

/** Gives the claim back after a failure and asks everybody to wait a moment, longer after each failure in a row. */
export function withCoolDown(
  record: SessionRecord,
  code: ErrorCode,
  now: number,
  retryAfterSeconds?: number,
): SessionRecord {
  return {
    ...record,
    claim: undefined,
    coolDown: nextCoolDown(record.coolDown, code, now, retryAfterSeconds),
  }
}

/** The same where the authorization server refused what was asked for: others may go on. */
export function withRefusal(record: SessionRecord, key: string, code: ErrorCode, now: number): SessionRecord {
  const { [key]: before, ...others } = record.refusals ?? {}
  const newest = Object.entries(others).slice(1 - MAX_TOKENS)
  const refusals = Object.fromEntries([...newest, [key, nextCoolDown(before, code, now)]])
  return { ...record, claim: undefined, refusals }
}

/** Takes the refresh token out of use; `revoking` keeps it until the authorization server has confirmed. */
export function withoutRefreshToken(record: SessionRecord): SessionRecord {
  const { refreshToken } = record
  if (refreshToken === undefined) return record
  return { ...nextGeneration(record), revoking: refreshToken, refreshToken: undefined, claim: undefined }
}

export function withRevocationConfirmed(record: SessionRecord): SessionRecord {
  return { ...nextGeneration(record), revoking: undefined }
}

export function touched(record: SessionRecord, now: number): SessionRecord {
  // A clock that is behind must not bring the end of the session nearer.
  return { ...nextGeneration(record), touchedAt: Math.max(record.touchedAt, now) }
}

/** What every browser has to be told of. */
function nextGeneration(record: SessionRecord): SessionRecord {
  return { ...record, generation: record.generation + 1, caughtUp: undefined }
}

/** The browser has this generation; requests that were sent before it had are all that still needs the store. */
export function caughtUp(record: SessionRecord): SessionRecord {
  return { ...record, caughtUp: true }
}

/** What is left of a session that is over: enough to refuse whoever still shows its cookie. */
export function ended(record: SessionRecord, reason: EndReason): SessionRecord {
  const { id, issuer, generation, expiresAt, touchedAt, attempt } = nextGeneration(record)
  return { id, issuer, generation, expiresAt, touchedAt, attempt, claims: {}, tokens: {}, ended: reason }
}

/** When the session is over unless it is used again, in seconds since the epoch. */
export function endsAt(record: SessionRecord, idleSeconds: number): number {
  return Math.min(record.expiresAt, record.touchedAt + idleSeconds)
}

/** Whether a value read back from a seal has the shape of a session record. */
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
