import {
  type ConnectionRecord,
  disconnectedRecord,
  revokedRecord,
  withChange,
} from '../../model/connection-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { retryStore } from '../refresh/persist.ts'
import { randomId } from '../runtime/digest.ts'
import { untilWon } from '../stores/until-won.ts'
import type {
  ConnectionRef,
  ConnectionSnapshot,
  ConnectionStore,
  UnreadableRecord,
} from './connection-store.ts'

export interface ReportedSwapOptions {
  readonly store: Pick<ConnectionStore, 'read' | 'swap'>
  readonly clock: Clock
}

/**
 * Replaces a record, and calls `report` if this call has replaced it. No change is reported twice.
 *
 * Each change is reported once, by its writer. If the response of the store is lost, the call rejects, and the writer reads the
 * record until the store responds. The record names its latest changes. If this one is missing and the record is the earlier one,
 * the writer stores that again, so that the store cannot make the swap later.
 *
 * Three changes are not reported: that of a process that ends before the store responds, that of a store that fails for 65 seconds,
 * and a late swap over a record that cannot be decrypted.
 *
 * @param from - The record to replace. `undefined` if there is none.
 * @param keepAlive - Receives the work after a lost response.
 */
export type ReportedSwap = (
  ref: ConnectionRef,
  from: ConnectionSnapshot | UnreadableRecord | undefined,
  to: ConnectionRecord,
  report: () => void,
  keepAlive: KeepAlive,
) => Promise<ConnectionSnapshot | 'again'>

export function createReportedSwap({ store, clock }: ReportedSwapOptions): ReportedSwap {
  return async (ref, from, to, report, keepAlive) => {
    const change = randomId().slice(0, 12)
    // Without an earlier record, a tombstone without tokens is in the way of a late swap.
    const earlier = from ? from.record : revokedRecord(disconnectedRecord(to))

    async function reportOrPrevent(): Promise<'again' | undefined> {
      const held = await store.read(ref)
      if (held?.record?.changes?.includes(change)) report()
      else if (earlier && held?.sealed === from?.sealed)
        return (await store.swap(ref, from?.sealed, earlier)) === 'again' ? 'again' : undefined
      return undefined
    }

    try {
      const snapshot = await store.swap(ref, from?.sealed, withChange(to, change))
      if (snapshot !== 'again') report()
      return snapshot
    } catch (error) {
      keepAlive(retryStore(clock, () => untilWon(reportOrPrevent)).catch(() => undefined))
      throw error
    }
  }
}
