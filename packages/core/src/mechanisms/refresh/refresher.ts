import type { Flights } from '../../ports/flights.ts'
import type { SessionCell, Snapshot } from '../../ports/session-cell.ts'
import { decide, lapseSeconds } from '../../rules/decide.ts'
import { mayHaveExpired } from '../../rules/freshness.ts'
import type { UserClaims } from '../../rules/session-record.ts'
import { createBoundedMap } from '../bounded-map.ts'
import { withDeadline } from '../deadline.ts'
import { fingerprint, randomId } from '../digest.ts'
import type { RefreshContext, TokenCall, TokenDemand, TokenResult } from './attempt.ts'
import { exchange } from './exchange.ts'
import { createLeases, type LeaseWatch } from './lease.ts'
import type { Line, Turn } from './line.ts'
import type { Sends } from './send.ts'
import { refreshError, toTokenResult } from './token-result.ts'

export interface Refresher {
  /**
   * Returns a token. It is ready immediately if the one in `seen` is current.
   *
   * @param seen - The session, as it was just read.
   * @throws {EvertokenError} TryLaterError, ConfigurationError or OperatorError, here or later. The session is kept.
   */
  token(cell: SessionCell, seen: Snapshot | undefined, call: TokenCall): TokenResult | Promise<TokenResult>
}

export interface RefresherOptions extends RefreshContext {
  readonly flights: Flights
  readonly line: Line
  /** How long a caller waits, in milliseconds. The refresh goes on after that. */
  readonly requestTimeoutMs: number
  readonly storeTimeoutMs: number
  /** Whether refreshes may still be started. `false` while the process is shutting down. */
  readonly admits?: (() => boolean) | undefined
  /** Gets the claims about the user whenever a refresh is safe in the store. Never rejects. */
  readonly refreshed?: ((claims: UserClaims) => Promise<unknown>) | undefined
}

const POLL_MS = 20
const MAX_POLL_MS = 160
/** A flight that has only waited for other processes ends this long after the lease of a dead one has lapsed. */
const WAIT_MARGIN_MS = 40_000
/** Most stores respond within this time. A slower one needs longer leases. */
const USUAL_STORE_TIMEOUT_MS = 5000
const MAX_USES = 10_000

/**
 * Serves current tokens and refreshes the others, once for all callers: in one process by a shared flight, across
 * processes by a lease in the session record. Pure rules decide what to do; see `decide` and `settle`.
 */
export function createRefresher(options: RefresherOptions): Refresher {
  const { server, flights, line, clock, serverClock, policy, emit, random, refreshed } = options
  const { requestTimeoutMs, storeTimeoutMs, admits = () => true } = options
  const slowStoreMs = Math.max(0, storeTimeoutMs - USUAL_STORE_TIMEOUT_MS)
  const lapseMs = lapseSeconds(policy.reuse) * 1000 + slowStoreMs
  const leases = createLeases({ clock, emit, lapseMs })
  const exchangeOptions = { ...options, health: { respondedTo: -Infinity } }
  /** When each flight started, by the monotonic clock in milliseconds. */
  const startedAt = new WeakMap<Promise<TokenResult>, number>()
  const uses = createBoundedMap<string, number>(MAX_USES)
  let useCount = 0

  const token: Refresher['token'] = (cell, seen, call) => {
    noteUse(cell, call.key)
    const sampling = sampleIfNeeded(seen, call)
    return sampling ? sampling.then(() => serve(cell, seen, call)) : serve(cell, seen, call)
  }

  /** I9: a token is not served by a clock that may be wrong while the server can be asked for the time. */
  function sampleIfNeeded(seen: Snapshot | undefined, call: TokenCall): Promise<void> | undefined {
    if (serverClock.isKnown()) return serverClock.isUncertain() ? serverClock.sample() : undefined
    const known = seen?.record.tokens[call.key]
    if (!known) return undefined
    const sampling = serverClock.sample()
    call.keepAlive(sampling)
    return mayHaveExpired(known, serverClock.read()) ? sampling : undefined
  }

  function serve(
    cell: SessionCell,
    seen: Snapshot | undefined,
    call: TokenCall,
  ): TokenResult | Promise<TokenResult> {
    const next = decide(seen?.record, call, serverClock.read(), policy)
    if (next.do === 'serve' && next.refresh) refreshInBackground(cell, call)
    return toTokenResult(next, seen) ?? refresh(cell, seen, call)
  }

  /** The key of the sign-in is never dropped, so its uses need not be known. */
  function noteUse(cell: SessionCell, key: string): void {
    if (key !== '') uses.set(`${cell.key} ${key}`, (useCount += 1))
  }

  async function refresh(
    cell: SessionCell,
    seen: Snapshot | undefined,
    call: TokenCall,
  ): Promise<TokenResult> {
    call.beforeRefresh?.()
    const first = await joinFlight(cell, seen, call)
    // A flight that started before the caller's token was rejected can bring that same token.
    const isRejected = 'token' in first && first.token.value === call.rejected
    return isRejected ? joinFlight(cell, seen, call) : first
  }

  /** Waits for the flight, but no longer than the time-out. An overdue flight is not waited for at all. */
  async function joinFlight(
    cell: SessionCell,
    seen: Snapshot | undefined,
    call: TokenCall,
  ): Promise<TokenResult> {
    const flight = startFlight(cell, call)
    const waitedMs = clock.elapsed() - (startedAt.get(flight) ?? clock.elapsed())
    const overdue = new Error('The refresh is overdue')
    try {
      if (waitedMs >= requestTimeoutMs) throw overdue
      return await withDeadline(
        () => flight,
        requestTimeoutMs - waitedMs,
        clock,
        () => overdue,
      )
    } catch (error) {
      if (error !== overdue) throw error
      // Where a refresh ends the old token, it is still the best that there is.
      const next = decide(seen?.record, call, serverClock.read(), { ...policy, serveDuringRefresh: true })
      const old = next.do === 'serve' ? toTokenResult(next, seen) : undefined
      if (old) return old
      throw refreshError('refresh_pending', line.retryAfterSeconds())
    }
  }

  function startFlight(cell: SessionCell, call: TokenCall): Promise<TokenResult> {
    const { result, joined } = flights.join(cell.key, call.key, () => fly(cell, call))
    if (joined) emit({ type: 'token_shared', session: fingerprint(cell.key), from: 'flight' })
    else startedAt.set(result, clock.elapsed())
    call.keepAlive(result.catch(() => undefined))
    call.background?.(result)
    return result
  }

  function refreshInBackground(cell: SessionCell, call: TokenCall): void {
    try {
      call.beforeRefresh?.()
    } catch {
      return
    }
    // Its failure was reported by an event, and the caller has a token that works.
    if (admits()) startFlight(cell, call).catch(() => undefined)
  }

  async function fly(cell: SessionCell, call: TokenCall): Promise<TokenResult> {
    await server.ready()
    const lease = leases.watch(cell, randomId().slice(0, 12))
    const { maxRecordBytes } = cell
    const lastUse = (key: string) => uses.get(`${cell.key} ${key}`) ?? 0
    const demand = { ...call, capacity: { maxRecordBytes, lastUse } }
    try {
      return await steer(cell, demand, lease)
    } finally {
      call.keepAlive(lease.giveBack())
    }
  }

  /** Reads and decides until there is a result. */
  async function steer(cell: SessionCell, demand: TokenDemand, lease: LeaseWatch): Promise<TokenResult> {
    const sends: Sends = { refreshToken: '', count: 0, firstAt: 0 }
    let pauseMs = POLL_MS
    let waitedMs = 0
    let turn: Turn | undefined = await line.enter(cell.key)
    try {
      while (waitedMs < lapseMs + WAIT_MARGIN_MS) {
        const snapshot = await cell.read()
        const state = lease.look(snapshot?.record.lease)
        const next = decide(snapshot?.record, demand, serverClock.read(), policy, state)
        if (next.do === 'wait') {
          // Who waits for another process must not keep the others from the server.
          turn?.leave()
          turn = undefined
          waitedMs += pauseMs
          await clock.sleep(pauseMs * (1 + random() / 2))
          pauseMs = Math.min(pauseMs * 1.5, MAX_POLL_MS)
          continue
        }
        const ready = next.do === 'serve' && next.refresh ? undefined : toTokenResult(next, snapshot)
        if (ready && 'token' in ready)
          emit({ type: 'token_shared', session: fingerprint(cell.key), from: 'store' })
        if (ready || !snapshot) return ready ?? { signIn: 'no_session' }
        if (!turn) {
          const entered = line.enter(cell.key)
          turn = await entered
          // While it waited, another process may have been here.
          if (entered instanceof Promise) continue
        }
        // A flight that has sent a request continues, because it may hold the only copy of a refresh token.
        if (sends.count === 0 && !admits()) throw refreshError('draining', 1)
        const taken = await lease.take(snapshot)
        if (taken === 'again') continue
        const done = await exchange({ cell, demand, lease, turn, sends }, taken, exchangeOptions)
        turn.leave()
        turn = undefined
        if (done === 'again') continue
        if (refreshed && 'token' in done && done.token.attempt >= taken.snapshot.record.attempt)
          demand.keepAlive(refreshed(done.snapshot.record.claims))
        return done
      }
    } finally {
      turn?.leave()
    }
    throw refreshError('refresh_outcome_unknown', 1)
  }

  return { token }
}
