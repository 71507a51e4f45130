import type { Clock } from '@evertoken/core'
import { requireAtLeast } from '../option-checks.ts'
import { isFaultFor, type StoreFault, type StoreOperation } from './store-faults.ts'

/** A time in which a fault happens to every operation. */
export interface OutageOptions {
  /**
   * Milliseconds from now until the outage begins.
   *
   * @default 0
   */
  readonly afterMs?: number
  /**
   * Milliseconds that the outage lasts.
   *
   * @default until `end()`
   */
  readonly forMs?: number
  /**
   * The fault that happens to every operation.
   *
   * @default the operations fail and are not applied
   */
  readonly fault?: StoreFault
  /**
   * The operations that the outage concerns.
   *
   * @default all
   */
  readonly operations?: readonly StoreOperation[]
}

/** An outage that has begun or is planned. */
export interface Outage {
  /** Ends the outage. Later operations succeed. */
  end(): void
}

export interface Outages {
  begin(options: OutageOptions): Outage
  /** The fault of the outage that a request meets now. */
  faultFor(kind: StoreOperation): StoreFault | undefined
}

interface PlannedOutage {
  readonly from: number
  readonly until: number
  readonly fault: StoreFault
  readonly operations: readonly StoreOperation[] | undefined
}

export function createOutages(clock: Clock): Outages {
  const planned = new Set<PlannedOutage>()
  return {
    begin({ afterMs = 0, forMs = Infinity, fault = { type: 'fail' }, operations }) {
      requireAtLeast('afterMs', afterMs, 0)
      requireAtLeast('forMs', forMs, 0)
      const from = clock.elapsed() + afterMs
      const outage = { from, until: from + forMs, fault, operations }
      planned.add(outage)
      return { end: () => void planned.delete(outage) }
    },
    faultFor(kind) {
      if (planned.size === 0) return undefined
      const now = clock.elapsed()
      for (const outage of planned) {
        const { from, until, fault, operations } = outage
        if (now >= until) planned.delete(outage)
        else if (now >= from && (operations?.includes(kind) ?? true) && isFaultFor(kind, fault)) return fault
      }
      return undefined
    },
  }
}
