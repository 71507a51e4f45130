import type { ConnectionRecord } from '../../model/connection-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { retryStore } from '../refresh/persist.ts'
import { randomId } from '../runtime/digest.ts'
import type { ConnectionRef, ConnectionSnapshot, ConnectionStore } from './connection-store.ts'

export interface ReportedSwapOptions {
  readonly store: Pick<ConnectionStore, 'read' | 'swap'>
  readonly clock: Clock
}

/**
 * Replaces a record, and calls `report` if this call has replaced it. Each change is reported once, by its writer.
 *
 * If the response of the store is lost, the call rejects. The name of the change in the record then shows whether the swap was
 * made, also if other processes have refreshed the grant since then. It is read until the store responds. If another process has
 * made a change since then that is reported too, this one is not reported.
 */
export type ReportedSwap = (
  ref: ConnectionRef,
  from: Pick<ConnectionSnapshot, 'sealed'> | undefined,
  to: ConnectionRecord,
  report: () => void,
  keepAlive: KeepAlive,
) => Promise<ConnectionSnapshot | 'again'>

export function createReportedSwap({ store, clock }: ReportedSwapOptions): ReportedSwap {
  return async (ref, from, to, report, keepAlive) => {
    const change = randomId().slice(0, 12)
    try {
      const snapshot = await store.swap(ref, from?.sealed, { ...to, change })
      if (snapshot !== 'again') report()
      return snapshot
    } catch (error) {
      const reportIfMade = async () => {
        if ((await store.read(ref))?.record?.change === change) report()
      }
      keepAlive(retryStore(clock, reportIfMade).catch(() => undefined))
      throw error
    }
  }
}
