import { connectedRecord } from '../../packages/core/src/model/connected-record.ts'
import {
  brokenRecord,
  type ConnectionRecord,
  disconnectedRecord,
  isRecordOf,
} from '../../packages/core/src/model/connection-record.ts'
import {
  isSessionRecord,
  type SessionRecord,
  toTombstone,
} from '../../packages/core/src/model/session-record.ts'
import { withLedger, withTokenResponse } from '../../packages/core/src/model/session-transitions.ts'
import type { TokenGrant } from '../../packages/core/src/model/token-grant.ts'
import type { TokenLedger } from '../../packages/core/src/model/token-ledger.ts'

export const ownerNames = ['session', 'connection'] as const

/** Whose grant it is. */
export type OwnerName = (typeof ownerNames)[number]
export type OwnerRecord = SessionRecord | ConnectionRecord

/** It is always this time: when time passes, everything that has a date becomes older instead. */
export const NOW = 1_000_000
const SESSION_SECONDS = 1_000_000
const CLIENT = { issuer: 'https://as.example', clientId: 'client' }
const CONNECTION = { id: 'connection', owner: 'ada', name: 'calendar', ...CLIENT }
/** The account of the first grant. */
const ACCOUNT = 'first account'

/** What becomes of the record of an owner. Each function is that of the handle, or of the changes of its owner. */
interface Owner {
  first(ledger: TokenLedger): OwnerRecord
  /** The server has refused the grant. */
  refuse(record: OwnerRecord): OwnerRecord
  /** The user ends the session, or removes the connection. */
  remove(record: OwnerRecord): OwnerRecord
  withLedger(record: OwnerRecord, ledger: TokenLedger): OwnerRecord
  withResponse(record: OwnerRecord, grant: TokenGrant, ledger: TokenLedger): OwnerRecord
  /** The parts of a record that the rules read, in addition to the ledger. */
  essence(record: OwnerRecord): object
  /** Leaves out the parts that no rule reads. */
  normal(record: OwnerRecord): OwnerRecord
  isRecord(record: unknown): boolean
}

const session: Owner = {
  first: (ledger) => ({
    id: 'session',
    ...CLIENT,
    generation: 0,
    expiresAt: NOW + SESSION_SECONDS,
    touchedAt: NOW,
    claims: {},
    ledger,
  }),
  refuse: (record) => toTombstone(record as SessionRecord, 'grant_rejected'),
  remove: (record) => toTombstone(record as SessionRecord, 'signed_out'),
  withLedger: (record, ledger) => withLedger(record as SessionRecord, ledger),
  withResponse: (record, grant, ledger) =>
    withTokenResponse(record as SessionRecord, grant, NOW, () => ledger),
  essence: ({ ended }) => ({ ended }),
  normal: (record) => ({
    ...(record as SessionRecord),
    generation: 0,
    touchedAt: NOW,
    browserIsCurrent: undefined,
  }),
  isRecord: isSessionRecord,
}

const connection: Owner = {
  first: (ledger) => ({
    ...CONNECTION,
    expiresAt: Infinity,
    connectedAt: NOW,
    claims: { sub: ACCOUNT },
    ledger,
  }),
  refuse: (record) => brokenRecord(record as ConnectionRecord, 'grant_rejected', NOW),
  remove: (record) => disconnectedRecord(record as ConnectionRecord),
  withLedger: (record, ledger) => ({ ...(record as ConnectionRecord), ledger }),
  withResponse: (record, _grant, ledger) => ({ ...(record as ConnectionRecord), ledger, broken: undefined }),
  essence: ({ ended, claims, ...record }) => ({
    ended,
    sub: claims.sub,
    isBroken: 'broken' in record && record.broken !== undefined,
  }),
  normal: (record) => record,
  isRecord: (record) => isRecordOf(record, CONNECTION),
}

const OWNERS = { session, connection }

export function ownerNamed(name: OwnerName): Owner {
  return OWNERS[name]
}

export function ownerOf(record: OwnerRecord): Owner {
  return 'connectedAt' in record ? connection : session
}

/** The connection after its user has given a grant, of the first account or of another one. */
export function connect(
  earlier: OwnerRecord,
  accessToken: NonNullable<TokenGrant['accessToken']>,
  refreshToken: string,
  isFirstAccount: boolean,
): ConnectionRecord {
  const claims = { sub: isFirstAccount ? ACCOUNT : 'another account' }
  return connectedRecord(CONNECTION, { accessToken, refreshToken, claims }, NOW, earlier as ConnectionRecord)
}

/** Whether the connection refuses a grant, because it has another account. */
export function hasOtherAccount(record: OwnerRecord, isFirstAccount: boolean): boolean {
  return !record.ended && (record.claims.sub === ACCOUNT) !== isFirstAccount
}
