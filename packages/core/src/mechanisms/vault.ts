import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { isSessionRecord, type SessionRecord } from '../rules/session-record.ts'
import { type EventListener, OperatorError, type RejectionReason } from '../vocabulary/index.ts'
import { createBoundedMap } from './bounded-map.ts'
import { withDeadline } from './deadline.ts'
import { sha256 } from './digest.ts'
import { redact } from './redact.ts'
import type { Seal } from './seal.ts'

/** A session record and the one sealed text that stands for it, in the store and in the cookie alike. */
export interface SealedRecord {
  readonly record: SessionRecord
  readonly sealed: string
}

/** A session store that speaks in session records, and in typed errors. */
export interface Vault {
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
  /** Opens a record that came from elsewhere, such as a cookie. */
  open(sealed: string): Promise<SealedRecord | { readonly rejected: RejectionReason }>
  /** Seals a record for a cookie, without storing it. */
  seal(record: SessionRecord): Promise<SealedRecord>
  /** The store key of a session id: its SHA-256, base64url. */
  keyOf(id: string): Promise<string>
}

export interface VaultOptions {
  readonly store: SessionStore
  readonly seal: Seal
  readonly emit: EventListener
  readonly clock: Clock
  /** How long a store may take over one operation, in milliseconds. */
  readonly storeTimeoutMs: number
}

const MEMO_ENTRIES = 2000
const HUNG = Object.assign(new Error('The session store did not answer'), { name: 'TimeoutError' })

export function createVault({ store, seal, emit, clock, storeTimeoutMs }: VaultOptions): Vault {
  const opened = createBoundedMap<string, SealedRecord>(MEMO_ENTRIES)
  const keys = createBoundedMap<string, string>(MEMO_ENTRIES)

  async function guarded<T>(operation: 'read' | 'swap' | 'remove', run: () => Promise<T>): Promise<T> {
    try {
      return await withDeadline(run(), storeTimeoutMs, clock, () => HUNG)
    } catch (error) {
      emit({ type: 'store_failed', operation })
      throw unavailable(operation, redact(error))
    }
  }

  function remember(record: SessionRecord, sealed: string): SealedRecord {
    const pair = { record, sealed }
    opened.set(sealed, pair)
    return pair
  }

  async function open(sealed: string) {
    const known = opened.get(sealed)
    if (known) return known
    const result = await seal.unseal(sealed)
    if ('rejected' in result) return result
    if (!isSessionRecord(result.value)) return { rejected: 'malformed' as const }
    return remember(result.value, sealed)
  }

  async function keyOf(id: string) {
    const known = keys.get(id)
    if (known !== undefined) return known
    const key = await sha256(id)
    keys.set(id, key)
    return key
  }

  async function sealRecord(record: SessionRecord) {
    return remember(record, await seal.seal(record))
  }

  return {
    open,
    keyOf,
    seal: sealRecord,
    async read(key) {
      const sealed = await guarded('read', () => store.read(key))
      if (sealed === undefined) return undefined
      if (typeof sealed !== 'string') throw unreadable('malformed')
      const result = opened.get(sealed) ?? (await open(sealed))
      if ('rejected' in result) throw unreadable(result.rejected)
      const { id } = result.record
      if ((keys.get(id) ?? (await keyOf(id))) !== key) throw unreadable('of another session')
      return result
    },
    async swap(key, expected, next, expiresAt) {
      const pair = await sealRecord(next)
      try {
        const won = await guarded('swap', () => store.swap(key, expected, pair.sealed, expiresAt))
        if (!won) return undefined
      } catch (error) {
        // The write may have been made and only its answer lost. No two sealed texts are equal, so it can be seen.
        if ((await guarded('read', () => store.read(key))) !== pair.sealed) throw error
      }
      return pair
    },
    remove: (key) => guarded('remove', () => store.remove(key)),
  }
}

function unavailable(operation: string, cause: ReturnType<typeof redact>): OperatorError {
  const message = `Cannot ${operation} the session: the session store failed; nothing is lost, see "cause"`
  return new OperatorError('store_unavailable', message, { cause, retryAfterSeconds: 1 })
}

function unreadable(why: string): OperatorError {
  const message = `Cannot read the session: the session store holds a record that is ${why.replace('_', ' ')}`
  return new OperatorError('store_record_unreadable', message)
}
