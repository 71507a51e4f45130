import { isPromise } from '../runtime/is-promise.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import { decide, lapseSeconds, latestSendSeconds, reuseOf } from '../../rules/refresh/decide.ts'
import { MAX_RETRY_AFTER_SECONDS } from '../../rules/protocol/time-headers.ts'
import { fingerprint, randomId } from '../runtime/digest.ts'
import type { TokenDemand, TokenResult } from './attempt.ts'
import { EvertokenError, type RedactedCause } from '../../vocabulary/index.ts'
import { exchange } from './exchange.ts'
import { createLeases, type LeaseWatch } from './lease.ts'
import type { Line, Turn } from './line.ts'
import { reportUsedTwice } from './rejection.ts'
import type { ExchangeContext, Sends, ServerHealth } from './send.ts'
import { refreshError, toTokenResult } from './token-result.ts'

export interface FlightOptions extends ExchangeContext {
  readonly line: Line
  readonly storeTimeoutMs: number
  /** Whether new refreshes can be started. Returns `false` while the process is shutting down. */
  readonly admits?: (() => boolean) | undefined
}

const POLL_MS = 20
const MAX_POLL_MS = 160
/** How long a flight that only waits for other processes outlasts the lease of a dead process, in milliseconds. */
const WAIT_MARGIN_MS = 40_000

export interface Flight {
  /**
   * Runs one refresh for all callers of this process that wait for it.
   *
   * @param seen - The record as the first caller has just read it. A flight that did not queue starts from it.
   */
  runRefresh<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    demand: TokenDemand,
    seen?: Snapshot,
  ): Promise<TokenResult<Snapshot>>
  /** Returns the seconds after which a caller that can no longer wait should retry. */
  retryAfterSeconds(handle: LedgerHandle): number
}

/** Creates the functions that run a refresh. A refresh waits in line, takes the lease, and continues until it ends. */
export function createFlight(options: FlightOptions): Flight {
  const { acquisition, line, clock, serverClock, emit, random } = options
  const { storeTimeoutMs, admits = () => true } = options
  const { policy } = acquisition
  const lapseMs = lapseSeconds(reuseOf(policy), storeTimeoutMs / 1000) * 1000
  const latestSendMs = latestSendSeconds(reuseOf(policy), lapseMs / 1000) * 1000
  // A read confirms a swap without a response. The first swap that takes too long must not end the flight.
  const patienceMs = lapseMs + WAIT_MARGIN_MS + 2 * storeTimeoutMs
  const leases = createLeases({ clock, emit, lapseMs, latestSendMs })
  const health: ServerHealth = { respondedTo: -Infinity }

  async function runRefresh<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    demand: TokenDemand,
    seen?: Snapshot,
  ): Promise<TokenResult<Snapshot>> {
    await acquisition.ready(demand.keepAlive, demand.request).catch((error: unknown) => {
      reportFailure(handle, error)
      throw error
    })
    const lease = leases.watch(handle, randomId().slice(0, 12))
    try {
      // Every snapshot in the result is from this cell.
      return (await refreshUntilDone(handle, demand, lease, seen)) as TokenResult<Snapshot>
    } finally {
      const releasing = lease.releaseUnused()
      if (releasing) demand.keepAlive(releasing)
    }
  }

  /** Reports a request that cannot be prepared, because no caller waits for a refresh in the background. */
  function reportFailure({ key }: LedgerHandle, error: unknown): void {
    if (!(error instanceof EvertokenError)) return
    const cause = error.cause as RedactedCause | undefined
    emit({ type: 'refresh_failed', session: fingerprint(key), code: error.code, ...(cause && { cause }) })
  }

  /** Reports a refused refresh token that another process was using. The server might have ended the grant. */
  async function reportRefused(
    handle: LedgerHandle,
    snapshot: LedgerSnapshot | undefined,
    sends: Sends,
  ): Promise<void> {
    const { refreshToken } = sends
    // A spare refresh token is not a result of another process.
    const ledger = snapshot?.record.ledger
    const isReplaced = ledger?.origin && ledger.refreshToken !== refreshToken
    if (!isReplaced) return
    sends.isRefused = false
    await reportUsedTwice(handle, refreshToken, emit)
  }

  /**
   * Reads the record and decides about the next step until there is a result.
   *
   * The first step can use `seen` without another read. The swap of the lease compares the whole record, so it is lost
   * if the record has changed since.
   */
  async function refreshUntilDone(
    handle: LedgerHandle,
    demand: TokenDemand,
    lease: LeaseWatch,
    seen: LedgerSnapshot | undefined,
  ): Promise<TokenResult> {
    const sends: Sends = {
      refreshToken: undefined,
      isRefused: false,
      count: 0,
      firstAt: 0,
      triesPlain: false,
    }
    let pauseMs = POLL_MS
    let waitedMs = 0
    const admission = line.enter(handle.key)
    const hasQueued = isPromise(admission)
    let turn: Turn | undefined = hasQueued ? await admission : admission
    // The session can have ended while the flight waited for the metadata or the client secret.
    let known = !hasQueued && seen && handle.isUsable(seen) ? seen : undefined
    try {
      while (waitedMs < patienceMs) {
        const isCallers = known !== undefined
        const snapshot = known ?? (await handle.read())
        known = undefined
        if (sends.isRefused) await reportRefused(handle, snapshot, sends)
        const state = lease.observe(snapshot?.record.ledger.lease)
        const triesPlain = sends.triesPlain && snapshot?.record.ledger.refreshToken === sends.refreshToken
        const wanted = triesPlain ? plainDemand(demand) : demand
        const next = decide(snapshot?.record, wanted, serverClock.read(), policy, state)
        // Another process can have stored a new token since the caller read the record.
        if (isCallers && (next.do === 'wait' || !admits())) continue
        if (next.do === 'wait') {
          // A flight that waits for another process must not block access of other flights to the server.
          turn?.leave()
          turn = undefined
          if (sends.count === 0 && !admits()) throw refreshError(policy, 'draining', 1)
          waitedMs += pauseMs
          await clock.sleep(pauseMs * (1 + random() / 2))
          pauseMs = Math.min(pauseMs * 1.5, MAX_POLL_MS)
          continue
        }
        const ready = next.do === 'serve' && next.refresh ? undefined : toTokenResult(policy, next, snapshot)
        if (ready?.kind === 'token')
          emit({ type: 'token_shared', session: fingerprint(handle.key), from: 'store' })
        if (ready || !snapshot) return ready ?? { kind: 'sign_in', code: 'no_session' }
        if (!turn) {
          const entered = line.enter(handle.key)
          turn = await entered
          // During the wait, another process might have refreshed the session.
          if (isPromise(entered)) continue
        }
        // A flight that has sent a request continues, because it may hold the only copy of a refresh token.
        if (sends.count === 0 && !admits()) throw refreshError(policy, 'draining', 1)
        const takesAt = clock.elapsed()
        const taken = await lease.take(snapshot)
        if (taken === 'again') {
          // If the store is too slow for the lease, this loop must still end.
          waitedMs += clock.elapsed() - takesAt
          continue
        }
        sends.triesPlain = false
        const refresh = { handle, demand: wanted, lease, turn, sends, health }
        const done = await exchange(refresh, taken, options)
        // The exchange has passed the turn on.
        turn = undefined
        // The grant is alive. The record shows that the server has refused the parameters.
        if (triesPlain && done !== 'again' && done.kind === 'token') continue
        if (done !== 'again') return done
      }
    } finally {
      turn?.leave()
    }
    throw refreshError(policy, 'refresh_outcome_unknown', 1)
  }

  return {
    runRefresh,
    retryAfterSeconds(handle) {
      const lapsesInMs = leases.lapsesInMs(handle)
      return lapsesInMs === undefined
        ? line.retryAfterSeconds()
        : Math.min(lapsesInMs / 1000, MAX_RETRY_AFTER_SECONDS)
    },
  }
}

/** Returns the demand for the token of the sign-in. Its request shows whether the grant is alive. */
function plainDemand(demand: TokenDemand): TokenDemand {
  return { ...demand, key: '', request: {}, rejected: undefined, isForced: true }
}
