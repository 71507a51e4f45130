import type { Flights, JoinedFlight } from '../../ports/flights.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import { decide } from '../../rules/refresh/decide.ts'
import { isValidFor, mayHaveExpired } from '../../rules/refresh/freshness.ts'
import { heldTokens } from '../../model/stored-tokens.ts'
import { timeFor, type TimeReading } from '../../model/time-reading.ts'
import type { ClockReading } from '../protocol/server-clock.ts'
import { withDeadline } from '../runtime/deadline.ts'
import { fingerprint } from '../runtime/digest.ts'
import type { TokenCall, TokenDemand, TokenResult } from './attempt.ts'
import { createFlight, type FlightOptions } from './flight.ts'
import { refreshError, toTokenResult } from './token-result.ts'
import { createTokenUses, type TokenUses } from './token-uses.ts'

export interface RefresherOptions extends FlightOptions {
  readonly flights: Flights
  /** How long a caller waits, in milliseconds. The refresh continues after that. */
  readonly serverTimeoutMs: number
  /** Set if several refreshers keep tokens in the same ledgers. */
  readonly uses?: TokenUses
}

export interface Refresher {
  /**
   * Returns a token, immediately if the token in `seen` is current.
   *
   * @param seen - The record from the latest read.
   * @throws {TryLaterError | ConfigurationError | OperatorError} Synchronously or later. The tokens are kept.
   */
  token<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    seen: Snapshot | undefined,
    call: TokenCall<Snapshot>,
  ): TokenResult<Snapshot> | Promise<TokenResult<Snapshot>>
}

/**
 * Returns current tokens and refreshes expired ones, once for all callers.
 *
 * Callers in one process share a flight. Processes coordinate through a lease in the record. Pure rules decide
 * about each step (see `decide` and `settle`).
 */
export function createRefresher(options: RefresherOptions): Refresher {
  const { flights, clock, serverClock, emit, serverTimeoutMs, admits = () => true } = options
  const { uses = createTokenUses() } = options
  const { policy } = options.acquisition
  const { runRefresh, retryAfterSeconds } = createFlight(options)

  function token<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    seen: Snapshot | undefined,
    wanted: TokenCall<Snapshot>,
  ): TokenResult<Snapshot> | Promise<TokenResult<Snapshot>> {
    const call = wanted.forceRefresh
      ? {
          ...wanted,
          replaced: currentValue(seen, wanted.key),
          retriesRefused: seen?.record.broken !== undefined,
        }
      : wanted
    // The token of the sign-in is never dropped, so its uses are not recorded.
    if (call.key !== '') uses.note(handle.key, call.key)
    const time = call.time ?? serverClock.read()
    const sampling = sampleIfNeeded(seen, call, time)
    return sampling
      ? sampling.then(() => serve(handle, seen, call, serverClock.read()))
      : serve(handle, seen, call, time)
  }

  /** Asks the server for the time if the clock may be wrong, before a token is served by that clock (I9). */
  function sampleIfNeeded(
    seen: LedgerSnapshot | undefined,
    call: Pick<TokenCall, 'key' | 'keepAlive'>,
    time: ClockReading,
  ): Promise<void> | undefined {
    if (time.server !== undefined) return time.isUncertain ? serverClock.sample() : undefined
    const known = seen ? heldTokens(seen.record.ledger.tokens, call.key) : []
    if (known.length === 0) return undefined
    const sampling = serverClock.sample()
    call.keepAlive(sampling)
    return known.some((each) => mayHaveExpired(each, time)) ? sampling : undefined
  }

  function serve<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    seen: Snapshot | undefined,
    call: TokenCall<Snapshot>,
    time: TimeReading,
  ): TokenResult<Snapshot> | Promise<TokenResult<Snapshot>> {
    const next = decide(seen?.record, call, time, policy)
    if (next.do === 'serve' && next.refresh) refreshInBackground(handle, seen, call)
    return toTokenResult(policy, next, seen, time) ?? refresh(handle, seen, call)
  }

  async function refresh<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    seen: Snapshot | undefined,
    call: TokenCall<Snapshot>,
  ): Promise<TokenResult<Snapshot>> {
    call.beforeRefresh?.()
    const calledAt = clock.elapsed()
    const first = await joinFlight(handle, seen, call, calledAt)
    if (first.kind !== 'token') return first
    const { token: found, snapshot, time = serverClock.read() } = first
    // A flight that another caller started can return the token that this caller does not want.
    const isUnwanted =
      found.value === call.rejected ||
      found.value === call.replaced ||
      !isValidFor(found, timeFor(found, time), call.minValiditySeconds)
    return isUnwanted ? joinFlight(handle, snapshot, call, calledAt) : first
  }

  /** Waits until the flight or the call reaches the timeout. Does not wait for an overdue flight. */
  async function joinFlight<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    seen: Snapshot | undefined,
    call: TokenCall<Snapshot>,
    calledAt: number,
  ): Promise<TokenResult<Snapshot>> {
    const { result, since } = startFlight(handle, seen, call)
    const leftMs = Math.min(since, calledAt) + serverTimeoutMs - clock.elapsed()
    const overdue = new Error('Overdue')
    try {
      if (leftMs <= 0) throw overdue
      return await withDeadline(result, leftMs, clock, () => overdue)
    } catch (error) {
      if (error !== overdue) throw error
      // Even if a refresh invalidates the old token, it is the best token that is available.
      const next = decide(seen?.record, call, serverClock.read(), { ...policy, serveDuringRefresh: true })
      const old = next.do === 'serve' ? toTokenResult(policy, next, seen) : undefined
      if (old) return old
      throw refreshError(policy, 'refresh_pending', retryAfterSeconds(handle))
    }
  }

  function startFlight<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    seen: Snapshot | undefined,
    call: TokenCall<Snapshot>,
  ): JoinedFlight<TokenResult<Snapshot>> {
    let first = seen
    const flight = flights.join(
      handle.key,
      call.key,
      () => runRefresh(handle, demandOf(handle, call), first),
      clock,
    )
    // A flight that starts later reads the record, because the flight before it has changed it.
    first = undefined
    if (flight.joined) emit({ type: 'token_shared', session: fingerprint(handle.key), from: 'flight' })
    call.keepAlive(flight.result.catch(() => undefined))
    call.background?.(flight.result)
    return flight
  }

  function demandOf(handle: LedgerHandle, call: Omit<TokenCall, 'background'>): TokenDemand {
    const lastUse = (key: string) => uses.lastUse(handle.key, key)
    const { key, rejected, replaced, retriesRefused, minValiditySeconds, request } = call
    return { key, rejected, replaced, retriesRefused, minValiditySeconds, request, lastUse, keepAlive }

    /** Ignores platforms that reject work after its request is over. Other callers must still receive their token. */
    function keepAlive(work: Promise<unknown>): void {
      try {
        call.keepAlive(work)
      } catch {
        work.catch(() => undefined)
      }
    }
  }

  function refreshInBackground<Snapshot extends LedgerSnapshot>(
    handle: LedgerHandle<Snapshot>,
    seen: Snapshot | undefined,
    call: TokenCall<Snapshot>,
  ): void {
    try {
      call.beforeRefresh?.()
    } catch {
      return
    }
    // An event has reported the failure, and the caller has a token that works.
    if (admits()) startFlight(handle, seen, call).result.catch(() => undefined)
  }

  return { token }
}

function currentValue(seen: LedgerSnapshot | undefined, key: string): string {
  return seen?.record.ledger.tokens[key]?.value ?? ''
}
