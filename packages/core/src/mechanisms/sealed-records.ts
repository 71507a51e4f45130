import { isSessionRecord, type SessionRecord } from '../rules/session-record.ts'
import type { RejectionReason } from '../vocabulary/index.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { Seal } from './seal.ts'

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
  seen(sealed: string): SealedRecord | undefined
}

const MEMO_ENTRIES = 2000

export function createSealedRecords(seal: Seal): SealedRecords {
  const memo = createBoundedMap<string, SealedRecord>(MEMO_ENTRIES)

  function remember(record: SessionRecord, sealed: string): SealedRecord {
    const pair = { record, sealed }
    memo.set(sealed, pair)
    return pair
  }

  return {
    seen: (sealed) => memo.get(sealed),
    seal: async (record) => remember(record, await seal.seal(record)),
    async open(sealed) {
      const known = memo.get(sealed)
      if (known) return known
      const result = await seal.unseal(sealed)
      if ('rejected' in result) return result
      return isSessionRecord(result.value) ? remember(result.value, sealed) : { rejected: 'malformed' }
    },
  }
}
