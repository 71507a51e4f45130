import { type Registration, type SessionRecord, isSessionRecord } from '../../model/session-record.ts'
import { OperatorError, type RejectionReason } from '../../vocabulary/index.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { Seal } from './seal.ts'
import { type CreateMap, createOwnMap } from '../runtime/bounded-map.ts'

/** Reads and writes session records in a session store, and throws typed errors. */
export interface SealedStore extends SealedRecords {
  /** @throws {OperatorError} If the store fails, or if it holds a value that is not the record of this key. */
  read(key: string): Promise<SealedRecord | undefined>
  /**
   * Same as `read`, without a promise. Returns `undefined` if `read` must be called, for example because the record must
   * be decrypted. Absent if the store cannot do that.
   */
  readonly readNow?: ((key: string) => SealedRecord | undefined) | undefined
  /**
   * @param owner - The user, if `next` does not name one.
   * @returns The record that is now in the store, or `'again'` if the swap was lost.
   */
  swap(
    key: string,
    expected: string | undefined,
    next: SessionRecord,
    expiresAt: number,
    owner?: string,
  ): Promise<SealedRecord | 'again'>
  remove(key: string): Promise<void>
  /** Reports once that the store holds an earlier record than this one, which is known from another source. */
  reportWentBack?(known: SessionRecord): void
}

/** @param isRegistered - Same as for `createSealedRecords`. Other records are treated as absent. */
export function createSealedStore(
  store: GuardedStore,
  seal: Seal,
  isRegistered: IsRegistered,
  createMap?: CreateMap,
): SealedStore {
  const records = createSealedRecords(seal, isRegistered, createMap)

  return {
    ...records,
    async read(key) {
      const sealed = await store.read(key)
      if (sealed === undefined) return undefined
      if (typeof sealed !== 'string') throw unreadable('malformed')
      const result = records.seen(sealed) ?? (await records.open(sealed))
      if ('rejected' in result) {
        if (result.rejected === 'unknown_registration') return undefined
        throw unreadable(result.rejected)
      }
      if (result.record.id !== key) throw unreadable('of another session')
      return result
    },
    readNow:
      store.readNow &&
      ((key) => {
        const sealed = store.readNow?.(key)
        const known = sealed === undefined ? undefined : records.seen(sealed)
        return known?.record.id === key ? known : undefined
      }),
    async swap(key, expected, next, expiresAt, owner = next.claims.sub) {
      const pair = await records.seal(next)
      const hint = { owner, isNote: next.ended !== undefined }
      return (await store.swap(key, expected, pair.sealed, expiresAt, hint)) ? pair : 'again'
    },
    remove: (key) => store.remove(key),
  }
}

function unreadable(why: string): OperatorError {
  const message = `Cannot read the session: its record in the store is ${why.replace('_', ' ')}`
  return new OperatorError('store_record_unreadable', message)
}

/** Whether the store holds a record that this application cannot decrypt. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof OperatorError && error.code === 'store_record_unreadable'
}

/** A session record and its encrypted text. */
export interface SealedRecord {
  readonly record: SessionRecord
  readonly sealed: string
}

/** Encrypts and decrypts session records. Decrypts each text that this process remembers only once. */
export interface SealedRecords {
  /** Encrypts a record. Every text is different, even for the same record. */
  seal(record: SessionRecord): Promise<SealedRecord>
  open(sealed: string): Promise<SealedRecord | { readonly rejected: RejectionReason }>
  /** Returns the result of `open` if this process remembers this text. */
  readonly seen: (sealed: string) => SealedRecord | undefined
}

const MEMO_ENTRIES = 2000

/** Whether this application uses an authorization server and client. */
export type IsRegistered = (registration: Registration) => boolean

/**
 * @param isRegistered - Rejects sessions of other servers and clients. Applications that share a secret can also share a
 *   cookie name, and their seals are then the same.
 */
export function createSealedRecords(
  seal: Seal,
  isRegistered: IsRegistered,
  createMap: CreateMap = createOwnMap,
): SealedRecords {
  const memo = createMap<SealedRecord>('records', MEMO_ENTRIES)

  function remember(record: SessionRecord, sealed: string): SealedRecord {
    const pair = { record, sealed }
    memo.set(sealed, pair)
    return pair
  }

  return {
    seen: memo.get,
    seal: async (record) => remember(record, await seal.seal(record)),
    async open(sealed) {
      const known = memo.get(sealed)
      if (known) return known
      const result = await seal.unseal(sealed)
      if ('rejected' in result) return result
      const { value } = result
      if (!isSessionRecord(value)) return { rejected: 'malformed' }
      return isRegistered(value) ? remember(value, sealed) : { rejected: 'unknown_registration' }
    },
  }
}
