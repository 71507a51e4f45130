import type { Flights, JoinedFlight } from '../../ports/flights.ts'
import type { SessionCell, Snapshot } from '../../ports/session-cell.ts'
import { decide } from '../../rules/decide.ts'
import { mayHaveExpired } from '../../rules/freshness.ts'
import { createBoundedMap } from '../bounded-map.ts'
import { withDeadline } from '../deadline.ts'
import { fingerprint } from '../digest.ts'
import type { TokenCall, TokenDemand, TokenResult } from './attempt.ts'
import { createFlight, type FlightOptions } from './flight.ts'
import { refreshError, toTokenResult } from './token-result.ts'

export interface RefresherOptions extends FlightOptions {
  readonly flights: Flights
  /** How long a caller waits, in milliseconds. The refresh goes on after that. */
  readonly requestTimeoutMs: number
}

export interface Refresher {
  /**
   * Returns a token. It is ready immediately if the one in `seen` is current.
   *
   * @param seen - The session, as it was just read.
   * @throws {EvertokenError} TryLaterError, ConfigurationError or OperatorError, here or later. The session is kept.
   */
  token(cell: SessionCell, seen: Snapshot | undefined, call: TokenCall): TokenResult | Promise<TokenResult>
}

const MAX_USES = 10_000

/**
 * Serves current tokens and refreshes the others, once for all callers: in one process by a shared flight, across
 * processes by a lease in the session record. Pure rules decide what to do; see `decide` and `settle`.
 */
export function createRefresher(options: RefresherOptions): Refresher {
  const { flights, clock, serverClock, policy, emit } = options
  const { requestTimeoutMs, admits = () => true } = options
  const { fly, retryAfterSeconds } = createFlight(options)
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
    const calledAt = clock.elapsed()
    const first = await joinFlight(cell, seen, call, calledAt)
    // A flight that started before the caller's token was rejected can bring that same token.
    const isRejected = 'token' in first && first.token.value === call.rejected
    return isRejected ? joinFlight(cell, seen, call, calledAt) : first
  }

  /** Waits until the flight or the call has taken as long as the time-out. An overdue flight is not waited for at all. */
  async function joinFlight(
    cell: SessionCell,
    seen: Snapshot | undefined,
    call: TokenCall,
    calledAt: number,
  ): Promise<TokenResult> {
    const { result, since } = startFlight(cell, call)
    const leftMs = Math.min(since, calledAt) + requestTimeoutMs - clock.elapsed()
    const overdue = new Error('The refresh is overdue')
    try {
      if (leftMs <= 0) throw overdue
      return await withDeadline(
        () => result,
        leftMs,
        clock,
        () => overdue,
      )
    } catch (error) {
      if (error !== overdue) throw error
      // Where a refresh ends the old token, it is still the best that there is.
      const next = decide(seen?.record, call, serverClock.read(), { ...policy, serveDuringRefresh: true })
      const old = next.do === 'serve' ? toTokenResult(next, seen) : undefined
      if (old) return old
      throw refreshError('refresh_pending', retryAfterSeconds(cell))
    }
  }

  function startFlight(cell: SessionCell, call: TokenCall): JoinedFlight<TokenResult> {
    const flight = flights.join(cell.key, call.key, () => fly(cell, demandOf(cell, call)), clock)
    if (flight.joined) emit({ type: 'token_shared', session: fingerprint(cell.key), from: 'flight' })
    call.keepAlive(flight.result.catch(() => undefined))
    call.background?.(flight.result)
    return flight
  }

  function demandOf(cell: SessionCell, call: TokenCall): TokenDemand {
    const lastUse = (key: string) => uses.get(`${cell.key} ${key}`) ?? 0
    return { ...call, keepAlive, capacity: { maxRecordBytes: cell.maxRecordBytes, lastUse } }

    /** Some platforms refuse work once its request is over. That must not cost the other callers their token. */
    function keepAlive(work: Promise<unknown>): void {
      try {
        call.keepAlive(work)
      } catch {
        work.catch(() => undefined)
      }
    }
  }

  function refreshInBackground(cell: SessionCell, call: TokenCall): void {
    try {
      call.beforeRefresh?.()
    } catch {
      return
    }
    // Its failure was reported by an event, and the caller has a token that works.
    if (admits()) startFlight(cell, call).result.catch(() => undefined)
  }

  return { token }
}
