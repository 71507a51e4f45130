import type { Clock } from '../ports/clock.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { ended, endsAt, type SessionRecord } from '../rules/session-record.ts'
import { OperatorError } from '../vocabulary/index.ts'
import { everySwapLost, MAX_SWAPS } from './swap-until-won.ts'
import type { SealedRecord } from './sealed-records.ts'
import type { Vault } from './vault.ts'

export interface CellOptions {
  readonly vault: Vault
  readonly clock: Clock
  /** Seconds without use after which a session is over. */
  readonly idleSeconds: number
  /** Told of a session whose time is over. */
  readonly expired?: ((key: string, record: SessionRecord) => void) | undefined
}

/** What one way to keep a session does in its own manner. */
export interface Keeping {
  /** The newest record there is, seen from the one that the store holds. */
  newest(held: SessionRecord | undefined): SessionRecord | undefined
  /** When the store may forget a record, in seconds since the epoch. */
  keepUntil(record: SessionRecord): number
  /** How many bytes a record may take as JSON. */
  readonly maxRecordBytes: number
  /** Whether a session is over as soon as the store has forgotten it. */
  readonly inStoreAlone: boolean
}

/** A session of which a store holds the newest record, or knows that there is none. */
export function createStoredCell(
  key: string,
  { vault, clock, idleSeconds, expired }: CellOptions,
  { newest, keepUntil, maxRecordBytes, inStoreAlone }: Keeping,
): SessionCell {
  function lastOf(held: SealedRecord | undefined): Snapshot | undefined {
    const record = newest(held?.record)
    return record && { record, sealed: held?.sealed }
  }

  async function kept(): Promise<Snapshot | undefined> {
    const now = lastOf(await vault.read(key))
    return now?.record.ended ? undefined : now
  }

  const swap: SessionCell['swap'] = (from, to) => vault.swap(key, from.sealed, to, keepUntil(to))

  /** A record that cannot be read can still be removed: signing out must work. */
  const lastKept = inStoreAlone ? () => kept().catch(ignoreUnreadable) : kept

  return {
    key,
    maxRecordBytes,
    kept,
    swap,
    async read() {
      const now = lastOf(await vault.read(key))
      if (!now || now.record.ended) return undefined
      if (clock.now() < endsAt(now.record, idleSeconds)) return now
      expired?.(key, now.record)
      return undefined
    },
    last: async () => lastOf(await vault.read(key)),
    async end(reason) {
      let last = await lastKept()
      for (let i = 0; last && i < MAX_SWAPS; i++) {
        // Swapped, not removed: a refresh that comes between would leave a refresh token that nobody knows.
        if (await swap(last, ended(last.record, reason))) return last.record
        last = await lastKept()
      }
      if (inStoreAlone) await vault.remove(key)
      else if (last) throw everySwapLost()
      return undefined
    },
  }
}

function ignoreUnreadable(error: unknown): undefined {
  if (!(error instanceof OperatorError) || error.code !== 'store_record_unreadable') throw error
}
