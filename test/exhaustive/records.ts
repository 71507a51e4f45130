import type { BackOff } from '../../packages/core/src/model/back-off.ts'
import { isSessionRecord, type SessionRecord } from '../../packages/core/src/model/session-record.ts'
import type { TokenLedger } from '../../packages/core/src/model/token-ledger.ts'
import type { TokenGrant } from '../../packages/core/src/model/token-grant.ts'

/** It is always this time: when time passes, everything that has a date becomes older instead. */
export const NOW = 1_000_000
const SESSION_SECONDS = 1_000_000

/** The access token of the sign-in lives for so long. With 30 seconds left it works for 25 seconds more. */
const FIRST_LIFETIME = 400
const HARD_SECONDS = 5
const LIFETIME = 3600
/** Dates that are further back differ in nothing. */
const MAX_AGE = 150

/** The number of a record. Two records with the same effect have the same number. */
export type RecordId = number

const records: SessionRecord[] = []
const ids = new Map<string, RecordId>()
const older = new Map<number, RecordId>()

export function recordOf(id: RecordId): SessionRecord {
  return records[id] as SessionRecord
}

/** Numbers a record. Leaves out what no rule of a refresh reads: generations, times of use, and the count of beats. */
export function idOf(record: SessionRecord): RecordId {
  const { refreshToken, attempt, lease, origin, spare, backOff, doubt, tokens } = record.ledger
  const { ended } = record
  const token = tokens['']
  const essence = {
    refreshToken,
    attempt,
    lease: lease && { attempt: lease.attempt, holder: lease.holder, beat: 0 },
    origin: origin && { from: origin.from, attempt: origin.attempt, date: origin.date, late: origin.late },
    spare,
    backOff: backOff && copyOf(backOff),
    doubt,
    ended,
    token: token && [token.value, token.obtainedAt, token.expiresAt, token.attempt],
  }
  const text = JSON.stringify(essence)
  const known = ids.get(text)
  if (known !== undefined) return known
  const { token: _token, ended: _ended, ...ledger } = essence
  const whole = {
    ...record,
    generation: 0,
    touchedAt: NOW,
    browserIsCurrent: undefined,
    ledger: { ...record.ledger, ...ledger },
  }
  if (!isSessionRecord(whole)) throw new Error(`Not a session record: ${text}`)
  ids.set(text, records.length)
  return records.push(whole) - 1
}

function withChanges(record: SessionRecord, changes: Partial<TokenLedger>): RecordId {
  return idOf({ ...record, ledger: { ...record.ledger, ...changes } })
}

function copyOf({ until, seconds, failures, code }: BackOff): BackOff {
  return { until, seconds, failures, code }
}

/** The session after the sign-in, with an access token that has expired, or works for 25 seconds more. */
export function firstRecord(isExpired: boolean): RecordId {
  const expiresAt = isExpired ? NOW : NOW + 30
  const token = { value: 'a0', type: 'Bearer', obtainedAt: expiresAt - FIRST_LIFETIME, expiresAt, attempt: 0 }
  return idOf({
    id: 'session',
    issuer: 'https://as.example',
    clientId: 'client',
    generation: 0,
    expiresAt: NOW + SESSION_SECONDS,
    touchedAt: NOW,
    claims: {},
    ledger: { refreshToken: 'R0', tokens: { '': token }, attempt: 0 },
  })
}

export function grantOf(refreshToken: string): TokenGrant {
  const accessToken = {
    value: `a${refreshToken}`,
    type: 'Bearer',
    obtainedAt: NOW,
    expiresAt: NOW + LIFETIME,
  } as const
  return { accessToken, refreshToken }
}

/** The same record, after time has passed. */
export function olderRecord(id: RecordId, seconds: number): RecordId {
  const key = id * 256 + seconds
  const known = older.get(key)
  if (known !== undefined) return known
  const record = recordOf(id)
  const { backOff, origin } = record.ledger
  const next = withChanges(record, {
    backOff: backOff && { ...backOff, until: Math.max(NOW, backOff.until - seconds) },
    origin: origin && { ...origin, date: origin.date && olderDate(origin.date, seconds) },
    tokens: Object.fromEntries(
      Object.entries(record.ledger.tokens).map(([name, token]) => {
        const lifetime = token.expiresAt - token.obtainedAt
        const left = token.expiresAt - NOW - seconds
        if (lifetime !== FIRST_LIFETIME) return [name, token]
        const expiresAt = left <= HARD_SECONDS ? NOW : NOW + left
        return [name, { ...token, expiresAt, obtainedAt: expiresAt - FIRST_LIFETIME }]
      }),
    ),
  })
  older.set(key, next)
  return next
}

export function olderDate(date: number, seconds: number): number {
  return Math.max(NOW - MAX_AGE, date - seconds)
}

/** For how many seconds the access token still works. */
export function secondsLeft(id: RecordId): number {
  const token = recordOf(id).ledger.tokens['']
  return token ? Math.max(0, token.expiresAt - NOW - HARD_SECONDS) : 0
}

/** The same record, when its new access token has expired. */
export function withExpiredToken(id: RecordId): RecordId {
  const record = recordOf(id)
  const token = record.ledger.tokens['']
  if (!token) return id
  return withChanges(record, { tokens: { '': { ...token, obtainedAt: NOW - LIFETIME, expiresAt: NOW } } })
}

/** The same record, when no other response to the same refresh token can come. */
export function withoutOrigin(id: RecordId): RecordId {
  return withChanges(recordOf(id), { origin: undefined })
}
