import type { BrokenReason } from '../vocabulary/index.ts'
import { grantEndsAt } from './grant-expiry.ts'
import type { Registration } from './session-record.ts'
import { splitScope } from './token-parameters.ts'
import type { UserClaims } from './token-grant.ts'
import { type BrokenGrant, EMPTY_LEDGER, isTokenLedger, type LedgerRecord } from './token-ledger.ts'

/** Whose grant it is. No two connections have the same owner and name. */
export interface ConnectionId {
  readonly owner: string
  /** The name of the provider, or `provider:label` if the owner has several accounts there. */
  readonly name: string
}

/**
 * One grant that an owner has given, without a browser session. It does not expire: it stays until the owner disconnects
 * it, also if the authorization server refuses the grant.
 */
export interface ConnectionRecord extends LedgerRecord, ConnectionId, Registration {
  /** The account at the provider. */
  readonly claims: UserClaims
  /** When the owner has connected it last, in seconds since the epoch. */
  readonly connectedAt: number
  readonly ended?: 'disconnected'
  /**
   * Random names of the latest changes that were reported, the newest last. They show a writer whose swap lost its response that the
   * swap was made.
   */
  readonly changes?: readonly string[] | undefined
}

/** More changes than other processes can report while a writer waits for the response of the store. */
const MAX_CHANGES = 8

/** The identity of a connection, without its grant. */
export type ConnectionBase = Pick<ConnectionRecord, 'id' | keyof ConnectionId | keyof Registration>

/** Whether the grant of a record was given to this client of this authorization server. */
export function isOfRegistration(record: Registration, { issuer, clientId }: Registration): boolean {
  return record.issuer === issuer && record.clientId === clientId
}

/**
 * Whether a new grant is of another account than the record. Accounts without `sub` cannot be compared, and one account
 * can have different values of `sub` for different clients.
 */
export function isOtherAccount(
  record: ConnectionRecord,
  registration: Registration,
  { sub }: UserClaims = {},
): boolean {
  const { claims } = record
  if (!isOfRegistration(record, registration)) return false
  return claims.sub !== undefined && sub !== undefined && claims.sub !== sub
}

/** The server has refused the refresh token. It stays in the record, and is not used. The first reason stays too. */
export function brokenRecord(record: ConnectionRecord, reason: BrokenReason, now: number): ConnectionRecord {
  const ledger = { ...record.ledger, tokens: {}, lease: undefined, backOff: undefined }
  const known = knownFault(record)
  const broken = known && !known.isTemporary ? known : { reason, since: known?.since ?? now }
  return { ...record, broken, ledger }
}

/** The owner must act, but the server has not refused the refresh token. So the ledger stays as it is. */
export function suspendedRecord(record: ConnectionRecord, { reason, since }: BrokenGrant): ConnectionRecord {
  return { ...record, broken: { reason, since, isTemporary: true } }
}

/** Returns the stored fault of a connection whose client is the current one. The options can have been corrected. */
export function knownFault({ broken }: ConnectionRecord): BrokenGrant | undefined {
  return broken?.reason === 'client_changed' ? undefined : broken
}

/** The record with the name of a change that is reported. */
export function withChange(record: ConnectionRecord, change: string): ConnectionRecord {
  return { ...record, changes: [...(record.changes ?? []), change].slice(-MAX_CHANGES) }
}

/** The tombstone of a connection. It has the tokens that the authorization server has yet to revoke. */
export function disconnectedRecord(record: ConnectionRecord): ConnectionRecord {
  const { broken: _, claims, ledger, ...kept } = record
  const { attempt, removedThrough, tokens, refreshToken, revoking = refreshToken, spare, proofKey } = ledger
  const unrevoked = {
    revoking,
    spare,
    tokens: revoking === undefined ? tokens : {},
    attempt,
    removedThrough,
    proofKey,
  }
  return {
    ...kept,
    // The account shows whether the next grant is of another one.
    claims: claims.sub === undefined ? {} : { sub: claims.sub },
    ended: 'disconnected',
    ledger: unrevoked,
  }
}

/** The tombstone after the revocation. It has no token. */
export function revokedRecord(record: ConnectionRecord): ConnectionRecord {
  const { attempt, removedThrough } = record.ledger
  return { ...record, ledger: { ...EMPTY_LEDGER, attempt, removedThrough } }
}

/**
 * Returns why the owner must connect again, or `undefined` if the connection works as far as the record shows.
 *
 * @param registration - The client that the provider has now. `undefined` if the provider no longer exists. If it is
 *   `unknown`, the result of an earlier call that knew it applies.
 * @param now - Seconds since the epoch, by the wall clock.
 * @param rejected - The value of a token that an API has rejected.
 */
export function findFault(
  record: ConnectionRecord,
  registration: Registration | 'unknown' | undefined,
  now: number,
  rejected?: string,
): BrokenGrant | undefined {
  const { broken, ledger } = record
  const known = knownFault(record)
  if (known) return known
  const isOther =
    registration === 'unknown'
      ? broken !== undefined
      : !registration || !isOfRegistration(record, registration)
  if (isOther) return broken ?? { reason: 'client_changed', since: now }
  const { tokens, refreshToken, grantExpiry, backOff } = ledger
  const ends = Object.values(tokens).map(({ value, expiresAt, ahead = 0 }) =>
    value === rejected ? Math.min(now, expiresAt - ahead) : expiresAt - ahead,
  )
  const tokenEnd = Math.max(0, ...ends)
  if (tokenEnd > now) return undefined
  if (refreshToken === undefined) return { reason: 'no_refresh_token', since: tokenEnd }
  if (backOff?.code === 'login_required') return { reason: 'login_required', since: now }
  if (backOff?.code === 'refresh_token_refused') return { reason: 'grant_rejected', since: now }
  const grantEnd = grantEndsAt(grantExpiry) ?? Infinity
  return grantEnd <= now ? { reason: 'refresh_token_expired', since: grantEnd } : undefined
}

/** Returns the part of a scope that was not granted. Empty if all is granted, or the server has not reported the scope. */
export function missingScope(scope: string, granted: string | undefined): string {
  const had = splitScope(granted ?? scope)
  return splitScope(scope)
    .filter((each) => !had.includes(each))
    .join(' ')
}

/** Whether a decrypted value is the record of this connection, and not of another owner, name or key. */
export function isRecordOf(
  value: unknown,
  { id, owner, name }: Pick<ConnectionRecord, 'id' | keyof ConnectionId>,
): value is ConnectionRecord {
  const record = Object(value) as ConnectionRecord
  const { issuer, clientId, connectedAt, claims, ledger } = record
  return (
    record.id === id &&
    record.owner === owner &&
    record.name === name &&
    [issuer, clientId].every((text) => typeof text === 'string') &&
    Number.isFinite(connectedAt) &&
    Object(claims) === claims &&
    isTokenLedger(ledger)
  )
}
