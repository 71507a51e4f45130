import { type ConnectionId, type ConnectionRecord, isRecordOf } from '../../model/connection-record.ts'
import type { LedgerSnapshot } from '../../ports/ledger-handle.ts'
import { ConfigurationError, OperatorError } from '../../vocabulary/index.ts'
import { createBoundedMap } from '../runtime/bounded-map.ts'
import { sha256 } from '../runtime/digest.ts'
import { forEachInParallel } from '../runtime/in-batches.ts'
import type { Seal } from '../sessions/seal.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'

/** A connection at one moment. */
export interface ConnectionSnapshot extends LedgerSnapshot {
  readonly record: ConnectionRecord
  /** The stored value. The next swap must find it unchanged. */
  readonly sealed: string
}

/** A stored value that cannot be read as the record of its connection. */
export interface UnreadableRecord {
  readonly record?: undefined
  readonly sealed: string
  readonly error: OperatorError
}

/** A connection with its key in the store. */
export interface ConnectionRef extends ConnectionId {
  readonly key: string
}

/** Reads and writes the records of connections, encrypted, under hashed keys. */
export interface ConnectionStore {
  refOf(connection: ConnectionId): Promise<ConnectionRef>
  /** Resolves to `undefined` if no record exists, and to a tombstone if the connection was removed. */
  read(ref: Pick<ConnectionRef, 'key'>): Promise<ConnectionSnapshot | UnreadableRecord | undefined>
  /** Replaces a record, or creates it. Resolves to `'again'` if another process has changed it first. */
  swap(
    ref: ConnectionRef,
    from: string | undefined,
    to: ConnectionRecord,
  ): Promise<ConnectionSnapshot | 'again'>
  /** Removes a record that cannot be read. */
  remove(ref: ConnectionRef): Promise<void>
  /** Lists the connection under its owner. Call it before the record is stored, so that each record is listed. */
  list(ref: ConnectionRef): Promise<void>
  unlist(ref: ConnectionRef): Promise<void>
  /**
   * Returns the records that are listed under an owner, also tombstones, in no particular order.
   *
   * @throws {ConfigurationError} If the store has no index.
   */
  readAll(
    owner: string,
  ): Promise<readonly (ConnectionSnapshot | (UnreadableRecord & { readonly key: string }))[]>
}

export interface ConnectionStoreOptions {
  readonly store: GuardedStore
  readonly seal: Seal
  /** Returns the wall clock, in seconds since the epoch. */
  readonly now: () => number
}

const MEMO_ENTRIES = 2000
/** The store keeps a connection until it is removed, so this is only the largest time that all stores accept. */
const KEPT_SECONDS = 100 * 31_536_000
/** Late responses find the tombstone. They arrive within about a minute. */
const TOMBSTONE_SECONDS = 600
/** Another call of `disconnect` can repeat a revocation that has failed. */
const UNREVOKED_SECONDS = 86_400
/** How many records of one owner are read at the same time. */
const PARALLEL_READS = 32

export function createConnectionStore({ store, seal, now }: ConnectionStoreOptions): ConnectionStore {
  const memo = createBoundedMap<string, ConnectionSnapshot>(MEMO_ENTRIES)
  const encryptedAgain = createBoundedMap<string, true>(MEMO_ENTRIES)
  const keyOf = ({ owner, name }: ConnectionId) => sha256(JSON.stringify(['connection', owner, name]))
  const termOf = (owner: string) => sha256(JSON.stringify(['connections of', owner]))

  function remember(record: ConnectionRecord, sealed: string): ConnectionSnapshot {
    const snapshot = { record, sealed }
    memo.set(sealed, snapshot)
    return snapshot
  }

  /** Decrypts a record, and checks that it is the one of this key. The store could have moved it there. */
  async function open(sealed: string, key: string): Promise<ConnectionSnapshot | UnreadableRecord> {
    const known = memo.get(sealed)
    if (known?.record.id === key) return known
    const result = await seal.unseal(sealed)
    if ('rejected' in result) return unreadable(sealed, result.rejected)
    const { owner, name } = Object(result.value) as Partial<ConnectionId>
    const named = { id: key, owner: `${owner}`, name: `${name}` }
    const isHere = isRecordOf(result.value, named) && (await keyOf(named)) === key
    if (!isHere) return unreadable(sealed, 'of another connection')
    const snapshot = remember({ ...result.value, expiresAt: Infinity }, sealed)
    return result.isOld ? encryptAgain(snapshot) : snapshot
  }

  /**
   * A token that never expires causes no other write, so the old secret would be needed for ever. It happens once, because two
   * processes with another order of the secrets would replace the record of each other with each read.
   */
  async function encryptAgain(snapshot: ConnectionSnapshot): Promise<ConnectionSnapshot> {
    const { record, sealed } = snapshot
    if (record.ended || encryptedAgain.get(record.id)) return snapshot
    const next = await swap(record.id, record.owner, sealed, record).catch(() => 'again' as const)
    if (next === 'again') return snapshot
    encryptedAgain.set(record.id, true)
    return next
  }

  async function swap(
    key: string,
    owner: string,
    from: string | undefined,
    to: ConnectionRecord,
  ): Promise<ConnectionSnapshot | 'again'> {
    // JSON has no infinite number, and a connection has no end.
    const { expiresAt: _, ...content } = to
    const sealed = await seal.seal(content)
    const hint = { owner, isNote: to.ended !== undefined }
    const isWon = await store.swap(key, from, sealed, now() + keptSeconds(to), hint)
    return isWon ? remember(to, sealed) : 'again'
  }

  async function readKey(key: string): Promise<ConnectionSnapshot | UnreadableRecord | undefined> {
    const sealed = await store.read(key)
    if (sealed === undefined) return undefined
    return typeof sealed === 'string' ? open(sealed, key) : unreadable('', 'malformed')
  }

  return {
    refOf: async ({ owner, name }) => ({ owner, name, key: await keyOf({ owner, name }) }),
    read: ({ key }) => readKey(key),
    swap: ({ key, owner }, from, to) => swap(key, owner, from, to),
    remove: ({ key }) => store.remove(key),
    async list({ owner, key }) {
      await store.index?.add(await termOf(owner), key, now() + KEPT_SECONDS)
    },
    async unlist({ owner, key }) {
      await store.index?.remove(await termOf(owner), key)
    },
    async readAll(owner) {
      if (!store.index) throw noIndex()
      const keys = await store.index.keys(await termOf(owner))
      const found: (ConnectionSnapshot | (UnreadableRecord & { readonly key: string }))[] = []
      await forEachInParallel(keys, PARALLEL_READS, async (key) => {
        const held = await readKey(key)
        if (held) found.push(held.record ? held : { ...held, key })
      })
      return found.filter(({ record }) => !record || record.owner === owner)
    },
  }
}

function keptSeconds({ ended, ledger }: ConnectionRecord): number {
  if (!ended) return KEPT_SECONDS
  const isUnrevoked = ledger.revoking !== undefined || Object.keys(ledger.tokens).length > 0
  return isUnrevoked ? UNREVOKED_SECONDS : TOMBSTONE_SECONDS
}

function unreadable(sealed: string, why: string): UnreadableRecord {
  const message =
    `Cannot read the connection: its record in the store is ${why.replace('_', ' ')}. ` +
    'All instances need the same `encryptionSecret`.'
  return { sealed, error: new OperatorError('store_record_unreadable', message) }
}

function noIndex(): ConfigurationError {
  const message = 'Option `store` must have an `index` to list connections.'
  return new ConfigurationError('invalid_option', message)
}
