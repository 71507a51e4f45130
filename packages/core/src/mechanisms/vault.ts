import type { SessionStore } from '../ports/session-store.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import { OperatorError } from '../vocabulary/index.ts'
import type { Seal } from './seal.ts'
import { createSealedRecords, type SealedRecord, type SealedRecords } from './sealed-records.ts'
import { createStoreGuard, type StoreGuardOptions } from './store-guard.ts'

/** A session store that speaks in session records, and in typed errors. */
export interface Vault extends SealedRecords {
  /** @throws OperatorError when the store fails, or holds what is not the record of this key. */
  read(key: string): Promise<SealedRecord | undefined>
  /** @returns What now stands in the store, or `undefined` when the swap was lost. */
  swap(
    key: string,
    expected: string | undefined,
    next: SessionRecord,
    expiresAt: number,
  ): Promise<SealedRecord | undefined>
  remove(key: string): Promise<void>
}

export interface VaultOptions extends StoreGuardOptions {
  readonly store: SessionStore
  readonly seal: Seal
}

export function createVault(options: VaultOptions): Vault {
  const { store, seal } = options
  const guarded = createStoreGuard(options)
  const records = createSealedRecords(seal)

  return {
    ...records,
    async read(key) {
      const sealed = await guarded('read', () => store.read(key))
      if (sealed === undefined) return undefined
      if (typeof sealed !== 'string') throw unreadable('malformed')
      const result = records.seen(sealed) ?? (await records.open(sealed))
      if ('rejected' in result) throw unreadable(result.rejected)
      if (result.record.id !== key) throw unreadable('of another session')
      return result
    },
    async swap(key, expected, next, expiresAt) {
      const pair = await records.seal(next)
      let failure: unknown
      const won = await guarded('swap', () => store.swap(key, expected, pair.sealed, expiresAt)).catch(
        (error: unknown) => {
          failure = error
        },
      )
      if (won) return pair
      // The write may have been made and only its answer lost; a client that then sends it again by itself is told that
      // it has lost, against its own first try. No two sealed texts are equal, so it can be seen.
      if ((await guarded('read', () => store.read(key))) === pair.sealed) return pair
      if (failure) throw failure
      return undefined
    },
    remove: (key) => guarded('remove', () => store.remove(key)),
  }
}

function unreadable(why: string): OperatorError {
  const message = `Cannot read the session: its record in the store is ${why.replace('_', ' ')}`
  return new OperatorError('store_record_unreadable', message)
}
