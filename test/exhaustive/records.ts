import type { BackOff } from '../../packages/core/src/model/back-off.ts'
import type { TokenLedger } from '../../packages/core/src/model/token-ledger.ts'
import type { TokenGrant } from '../../packages/core/src/model/token-grant.ts'
import { NOW, type OwnerName, ownerNamed, ownerOf, type OwnerRecord } from './owners.ts'

/** The access token of the sign-in lives for so long. With 30 seconds left it works for 25 seconds more. */
const FIRST_LIFETIME = 400
const HARD_SECONDS = 5
const LIFETIME = 3600
/** Dates that are further back differ in nothing. */
const MAX_AGE = 150

/** The number of a record. Two records with the same effect have the same number. */
export type RecordId = number

const records: OwnerRecord[] = []
const ids = new Map<string, RecordId>()
const older = new Map<number, RecordId>()

export function recordOf(id: RecordId): OwnerRecord {
  return records[id] as OwnerRecord
}

/** Numbers a record. Leaves out what no rule of a refresh reads: generations, times of use, and the count of beats. */
export function idOf(record: OwnerRecord): RecordId {
  const owner = ownerOf(record)
  const { refreshToken, attempt, lease, origin, spare, backOff, doubt, tokens } = record.ledger
  const { revoking, removedThrough } = record.ledger
  const token = tokens['']
  const essence = {
    refreshToken,
    attempt,
    lease: lease && { attempt: lease.attempt, holder: lease.holder, beat: 0 },
    origin: origin && { from: origin.from, attempt: origin.attempt, date: origin.date, late: origin.late },
    spare,
    backOff: backOff && copyOf(backOff),
    doubt,
    revoking,
    removedThrough,
  }
  const shown = token && [token.value, token.obtainedAt, token.expiresAt, token.attempt]
  const text = JSON.stringify([essence, shown, owner.essence(record)])
  const known = ids.get(text)
  if (known !== undefined) return known
  const whole = { ...owner.normal(record), ledger: { ...record.ledger, ...essence } }
  if (!owner.isRecord(whole)) throw new Error(`Not a record: ${text}`)
  ids.set(text, records.length)
  return records.push(whole) - 1
}

function withChanges(record: OwnerRecord, changes: Partial<TokenLedger>): RecordId {
  return idOf({ ...record, ledger: { ...record.ledger, ...changes } })
}

function copyOf({ until, seconds, failures, code }: BackOff): BackOff {
  return { until, seconds, failures, code }
}

/** The record of the first grant, with an access token that has expired, or works for 25 seconds more. */
export function firstRecord(owner: OwnerName, isExpired: boolean): RecordId {
  const expiresAt = isExpired ? NOW : NOW + 30
  const token = { value: 'a0', type: 'Bearer', obtainedAt: expiresAt - FIRST_LIFETIME, expiresAt, attempt: 0 }
  return idOf(ownerNamed(owner).first({ refreshToken: 'R0', tokens: { '': token }, attempt: 0 }))
}

export function grantOf(refreshToken: string) {
  const accessToken = {
    value: `a${refreshToken}`,
    type: 'Bearer',
    obtainedAt: NOW,
    expiresAt: NOW + LIFETIME,
  } as const
  return { accessToken, refreshToken } satisfies TokenGrant
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
