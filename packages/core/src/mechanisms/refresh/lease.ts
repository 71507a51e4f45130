import type { Clock } from '../../ports/clock.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { LeaseState } from '../../rules/refresh/decide.ts'
import { withBeat, withLease, withoutLease } from '../../model/ledger-transitions.ts'
import type { RefreshLease, TokenLedger } from '../../model/token-ledger.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { createBoundedMap } from '../runtime/bounded-map.ts'
import { fingerprint } from '../runtime/digest.ts'

/** A longer time between two looks is a pause of this process. The holder might have paused as well. */
const MAX_LOOK_MS = 2500
/** An event reports a caller that waits longer than this for another process, in milliseconds. */
const LONG_WAIT_MS = 1000
/** A process that took longer than this from the swap to the request reads the record again. */
const SEND_WITHIN_MS = 2000
/** No lease expires within this time, in milliseconds. */
const LONG_SWAP_MS = 6000
const MAX_UNSENT = 1000
const MAX_SILENT = 1000
/** A live holder updates its lease every 2 seconds. A holder that misses two updates is probably gone. */
const SILENT_MS = 4000

export interface LeasesOptions {
  readonly clock: Clock
  readonly emit: EventListener
  /** How long a lease must be watched without a change before it has expired, in milliseconds. */
  readonly lapseMs: number
  /** How long after the swap a request can still be sent if the store is slow, in milliseconds. */
  readonly latestSendMs: number
}

/** Tracks the leases of one process. */
export interface Leases {
  /** Tracks, for one flight, the lease in a record. */
  watch(handle: LedgerHandle, holder: string): LeaseWatch
  /**
   * Returns the milliseconds until the lease of this record expires, if a flight waits for a holder that is probably
   * gone. Otherwise returns `undefined`.
   */
  lapsesInMs(handle: LedgerHandle): number | undefined
}

export interface LeaseWatch {
  readonly holder: string
  /** Returns the state of the lease, based on how long it was watched without a change. */
  observe(lease: RefreshLease | undefined): LeaseState
  /**
   * Takes the lease.
   *
   * @param ledger - The ledger to write the lease into, if it differs from that of `from`.
   * @returns `'again'` if the record has changed, or if too much time has passed to send the request.
   */
  take(from: LedgerSnapshot, ledger?: TokenLedger): Promise<TakenLease | 'again'>
  /** Marks the lease as used. Call this when the request is sent. */
  markUsed(): void
  /** Shows that the holder is alive. Resolves to `'again'` if the record has changed. */
  beat(from: LedgerSnapshot): Promise<LedgerSnapshot | 'again'>
  /** Releases a lease that was never used, if there is one. Call this when the flight ends. Never rejects. */
  releaseUnused(): Promise<void> | undefined
}

export interface TakenLease {
  readonly snapshot: LedgerSnapshot
  /** Set if more than 2 seconds have passed since the swap. */
  readonly late: true | undefined
}

export function createLeases({ clock, emit, lapseMs, latestSendMs }: LeasesOptions): Leases {
  // The leases of flights that ended before they sent a request. A swap that failed may still have been made.
  const unsent = createBoundedMap<string, true>(MAX_UNSENT)
  // The time at which the lease of a silent holder expires, by session. A flight that was cut off leaves its entry.
  const silent = createBoundedMap<string, number>(MAX_SILENT)

  return {
    lapsesInMs(handle) {
      const leftMs = (silent.get(handle.key) ?? 0) - clock.elapsed()
      return leftMs > 0 ? leftMs : undefined
    },
    watch(handle, holder) {
      let [watched, lookedAt, watchedMs, waitedMs] = ['', 0, 0, 0]
      let state: 'free' | 'taken' | 'used' = 'free'
      let overruns = 0

      function observe(lease: RefreshLease | undefined): LeaseState {
        if (silent.get(handle.key) !== undefined) silent.set(handle.key, 0)
        if (!lease) return 'lapsed'
        if (lease.holder === holder || unsent.get(lease.holder)) return 'mine'
        const now = clock.elapsed()
        const name = `${lease.attempt} ${lease.beat}`
        const passedMs = watched === '' ? 0 : Math.min(now - lookedAt, MAX_LOOK_MS)
        const before = watched === name ? watchedMs : 0
        watchedMs = watched === name ? before + passedMs : 0
        watched = name
        lookedAt = now
        reportWait(passedMs)
        if (watchedMs >= SILENT_MS) silent.set(handle.key, now + lapseMs - watchedMs)
        if (watchedMs <= lapseMs) return 'live'
        if (before <= lapseMs) emit({ type: 'lease_expired', session: fingerprint(handle.key) })
        return 'lapsed'
      }

      function reportWait(passedMs: number): void {
        const isLong = waitedMs <= LONG_WAIT_MS && waitedMs + passedMs > LONG_WAIT_MS
        waitedMs += passedMs
        if (isLong) emit({ type: 'refresh_waiting', session: fingerprint(handle.key) })
      }

      async function take(
        from: LedgerSnapshot,
        ledger: TokenLedger = from.record.ledger,
      ): Promise<TakenLease | 'again'> {
        const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
        const { lease } = ledger
        const isUnsent = lease !== undefined && unsent.get(lease.holder) === true
        // A flight that has sent a request has used its lease, even if its next request is not sent.
        if (state === 'free') state = 'taken'
        const snapshot = await handle.swapLedger(from, withLease(ledger, holder, isUnsent))
        if (snapshot === 'again') return 'again'
        // The monotonic clock stops while the machine is suspended.
        const passedMs = Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)
        const late = passedMs > SEND_WITHIN_MS || undefined
        if (late) overruns++
        // The first overrun may be a pause. A second one shows a slow store, which must not prevent refreshes forever.
        const limitMs = overruns > 1 ? latestSendMs : SEND_WITHIN_MS
        const isSafe = passedMs <= limitMs && (passedMs <= LONG_SWAP_MS || (await isStillMine(snapshot)))
        return isSafe ? { snapshot, late } : 'again'
      }

      /** Whether this flight still has the lease. Another process may have watched it long enough to take it over. */
      async function isStillMine({ record }: LedgerSnapshot): Promise<boolean> {
        const { attempt, lease } = (await handle.readIgnoringExpiry())?.record.ledger ?? {}
        return attempt === record.ledger.attempt && lease?.holder === holder
      }

      async function release(): Promise<void> {
        const current = await handle.readIgnoringExpiry()
        if (current?.record.ledger.lease?.holder === holder)
          await handle.swapLedger(current, withoutLease(current.record.ledger))
      }

      return {
        holder,
        observe,
        take,
        markUsed() {
          state = 'used'
        },
        beat: (from) => handle.swapLedger(from, withBeat(from.record.ledger)),
        releaseUnused() {
          if (state !== 'taken') return undefined
          unsent.set(holder, true)
          // If the store fails, it has reported that. This process remembers that the lease was never used.
          return release().catch(() => undefined)
        },
      }
    },
  }
}
