import type { Clock } from '../../ports/clock.ts'
import type { SessionCell, Snapshot } from '../../ports/session-cell.ts'
import type { LeaseState } from '../../rules/decide.ts'
import { withBeat, withLease, withoutLease } from '../../rules/grant-transitions.ts'
import type { RefreshLease } from '../../rules/session-record.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { createBoundedMap } from '../bounded-map.ts'
import { fingerprint } from '../digest.ts'

/** Two looks at a lease that are further apart show a pause of this process, in which the holder may have paused too. */
const MAX_LOOK_MS = 2500
/** A caller who waits for another process for longer than this is reported. */
const LONG_WAIT_MS = 1000
/** A process that took longer from the swap to the send reads the record again. */
const SEND_WITHIN_MS = 2000
/** No lease lapses in that time. */
const LONG_SWAP_MS = 6000
const MAX_UNSENT = 1000
const MAX_SILENT = 1000
/** A holder that is alive shows it every 2 seconds. One that misses two beats seems to be gone. */
const SILENT_MS = 4000

export interface LeasesOptions {
  readonly clock: Clock
  readonly emit: EventListener
  /** How long a lease must be watched without a change before it has lapsed, in milliseconds. */
  readonly lapseMs: number
  /** How long after the swap a request can still be sent if the store is slow, in milliseconds. */
  readonly latestSendMs: number
}

/** The leases of one process. */
export interface Leases {
  /** Follows, for one flight, the lease that the record of a session carries. */
  watch(cell: SessionCell, holder: string): LeaseWatch
  /**
   * Returns the milliseconds until the lease of this session would lapse, if a flight waits for a holder that seems to be
   * gone. Otherwise `undefined`.
   */
  lapsesInMs(cell: SessionCell): number | undefined
}

export interface LeaseWatch {
  readonly holder: string
  /** Returns the state of the lease, by how long it was watched without a change. */
  look(lease: RefreshLease | undefined): LeaseState
  /**
   * Takes the lease. Resolves to `'again'` if the record has changed, or if so much time has passed that the request
   * must not be sent.
   */
  take(from: Snapshot): Promise<TakenLease | 'again'>
  /** To be called when the request is sent. */
  used(): void
  /** Shows that the holder is alive. Resolves to `undefined` if the record has changed. */
  beat(from: Snapshot): Promise<Snapshot | undefined>
  /** To be called when the flight ends: gives back a lease that was never used. Never rejects. */
  giveBack(): Promise<void>
}

export interface TakenLease {
  readonly snapshot: Snapshot
  /** Set if more than 2 seconds have passed since. */
  readonly late: true | undefined
}

export function createLeases({ clock, emit, lapseMs, latestSendMs }: LeasesOptions): Leases {
  // The leases of flights that ended before they sent anything. A swap that failed may have been made.
  const unsent = createBoundedMap<string, true>(MAX_UNSENT)
  // By session: when a lease would lapse whose holder is silent. A flight that was cut off leaves its entry behind.
  const silent = createBoundedMap<string, number>(MAX_SILENT)

  return {
    lapsesInMs(cell) {
      const leftMs = (silent.get(cell.key) ?? 0) - clock.elapsed()
      return leftMs > 0 ? leftMs : undefined
    },
    watch(cell, holder) {
      const session = fingerprint(cell.key)
      let [watched, lookedAt, watchedMs, waitedMs] = ['', 0, 0, 0]
      let state: 'free' | 'taken' | 'used' = 'free'
      let overruns = 0

      function look(lease: RefreshLease | undefined): LeaseState {
        noteSilence(0)
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
        if (watchedMs >= SILENT_MS) noteSilence(now + lapseMs - watchedMs)
        if (watchedMs <= lapseMs) return 'live'
        if (before <= lapseMs) emit({ type: 'lease_expired', session })
        return 'lapsed'
      }

      function noteSilence(lapsesAt: number): void {
        if (lapsesAt > 0 || silent.get(cell.key) !== undefined) silent.set(cell.key, lapsesAt)
      }

      function reportWait(passedMs: number): void {
        const isLong = waitedMs <= LONG_WAIT_MS && waitedMs + passedMs > LONG_WAIT_MS
        waitedMs += passedMs
        if (isLong) emit({ type: 'refresh_waiting', session })
      }

      async function take(from: Snapshot): Promise<TakenLease | 'again'> {
        const [startedAt, startedAtWall] = [clock.elapsed(), clock.now()]
        const { lease } = from.record
        const isUnsent = lease !== undefined && unsent.get(lease.holder) === true
        // A flight that has sent a request has used its lease, whatever becomes of the next one.
        if (state === 'free') state = 'taken'
        const snapshot = await cell.swap(from, withLease(from.record, holder, isUnsent))
        if (!snapshot) return 'again'
        // The monotonic clock stands still while the machine is suspended.
        const passedMs = Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)
        const late = passedMs > SEND_WITHIN_MS || undefined
        if (late) overruns++
        // The first overrun may be a pause. A second one shows a slow store, which must not stop refreshes for ever.
        const limitMs = overruns > 1 ? latestSendMs : SEND_WITHIN_MS
        const isSafe = passedMs <= limitMs && (passedMs <= LONG_SWAP_MS || (await isStillMine(snapshot)))
        return isSafe ? { snapshot, late } : 'again'
      }

      /** Another process may have watched the lease for so long that it has taken it over. */
      async function isStillMine({ record }: Snapshot): Promise<boolean> {
        const { attempt, lease } = (await cell.kept())?.record ?? {}
        return attempt === record.attempt && lease?.holder === holder
      }

      return {
        holder,
        look,
        take,
        used() {
          state = 'used'
        },
        beat: (from) => cell.swap(from, withBeat(from.record)),
        async giveBack() {
          if (state !== 'taken') return
          unsent.set(holder, true)
          try {
            const now = await cell.kept()
            if (now?.record.lease?.holder === holder) await cell.swap(now, withoutLease(now.record))
          } catch {
            // The store has reported its failure. This process knows that the lease was never used.
          }
        },
      }
    },
  }
}
