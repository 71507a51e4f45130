import type { Flights } from '../ports/flights.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { type ClaimState, decide, type Want } from '../rules/decide.ts'
import { type RefreshClaim, type UserClaims, withClaim } from '../rules/session-record.ts'
import type { TokenRequest } from '../rules/token-key.ts'
import { fingerprint, randomId } from './digest.ts'
import { given, refusal } from './given.ts'
import type { OutcomeOptions, Sent, TokenResult } from './refresh-attempt.ts'
import { createOutcome } from './refresh-outcome.ts'

export interface TokenDemand extends Want {
  readonly request: TokenRequest
  /** Called before a refresh is started; throws when this is no moment to start one. */
  readonly beforeRefresh?: (() => void) | undefined
  /** Keeps the refresh alive when the request that started it is over, where the runtime would end it. */
  readonly keepAlive: KeepAlive
  /** Called with each refresh that starts in the background, while the caller gets a token that still works. */
  readonly background?: ((work: Promise<TokenResult>) => void) | undefined
}

export interface Refresher {
  /**
   * Gives a token, at once when the one that was `seen` is current.
   *
   * @param seen - The session as it has just been read.
   * @throws TryLaterError, ConfigurationError or OperatorError, here or later; the session is kept.
   */
  token(
    cell: SessionCell,
    seen: Snapshot | undefined,
    demand: TokenDemand,
  ): TokenResult | Promise<TokenResult>
}

export interface RefresherOptions extends OutcomeOptions {
  readonly flights: Flights
  /** How long the token endpoint may take, in milliseconds. */
  readonly requestTimeoutMs: number
  /** From 0 to 1, for pauses. */
  readonly random: () => number
  /** Whether a refresh can start. Default: always. */
  readonly admits?: (() => boolean) | undefined
  /** Told about the user whenever a refresh is safe in the store. Never rejects. */
  readonly refreshed?: ((claims: UserClaims) => Promise<unknown>) | undefined
}

/** Between taking the claim and sending: a process that slept longer than this looks again before it sends. */
const SEND_WITHIN_MS = 5000
/** From the answer until the session is written, unless the store is slower than that. */
const PERSIST_WITHIN_MS = 5000
const POLL_MS = 20
const MAX_POLL_MS = 160
/** Two looks at a claim further apart than this tell of a pause of ours, in which its holder may have paused as well. */
const MAX_LOOK_MS = 2500
const FLIGHT_MS = 60_000

/**
 * Gives out current tokens and refreshes the others, once, however many ask: in one process by a shared flight, across
 * processes by a claim in the session record. What to do is decided by pure rules; see `decide` and `settle`.
 */
export function createRefresher(options: RefresherOptions): Refresher {
  const { server, flights, clock, policy, emit, random, refreshed } = options
  const outcome = createOutcome(options)
  // A claim lapses by time watched, never by a written date: clocks of different machines disagree.
  const lapseMs = SEND_WITHIN_MS + options.requestTimeoutMs + PERSIST_WITHIN_MS

  const token: Refresher['token'] = (cell, seen, demand) => {
    const next = decide(seen?.record, demand, clock.now(), policy)
    if (next.do === 'serve' && next.refresh) refreshBeside(cell, demand)
    const ready = given(next, seen)
    if (ready) return ready
    demand.beforeRefresh?.()
    return shared(cell, demand)
  }

  /** A flight that took off before the caller's token was rejected may bring that same token: then once more. */
  async function shared(cell: SessionCell, demand: TokenDemand): Promise<TokenResult> {
    const first = await board(cell, demand)
    return 'token' in first && first.token.value === demand.rejected ? board(cell, demand) : first
  }

  function board(cell: SessionCell, demand: TokenDemand): Promise<TokenResult> {
    const { result, joined } = flights.join(cell.key, demand.key, () => fly(cell, demand))
    if (joined) emit({ type: 'token_shared', session: fingerprint(cell.key), from: 'flight' })
    demand.keepAlive(result.catch(() => undefined))
    return result
  }

  function refreshBeside(cell: SessionCell, demand: TokenDemand): void {
    if (options.admits?.() === false) return
    try {
      demand.beforeRefresh?.()
    } catch {
      return
    }
    const work = board(cell, demand)
    demand.background?.(work)
    // Its failure has been told by an event, and the caller holds a token that works.
    work.catch(() => undefined)
  }

  async function fly(cell: SessionCell, demand: TokenDemand): Promise<TokenResult> {
    const by = randomId().slice(0, 12)
    const startedAt = clock.elapsed()
    const tries: Sent[] = []
    const watch = createWatch(by)
    await server.ready()
    for (let pollMs = POLL_MS; clock.elapsed() - startedAt < FLIGHT_MS;) {
      const snapshot = await cell.read()
      const next = decide(snapshot?.record, demand, clock.now(), policy, watch(snapshot?.record.claim))
      if (next.do === 'wait') {
        await clock.sleep(pollMs * (1 + random() / 2))
        pollMs = Math.min(pollMs * 1.5, MAX_POLL_MS)
        continue
      }
      const ready = next.do === 'serve' && next.refresh ? undefined : given(next, snapshot)
      if (next.do === 'serve' && ready)
        emit({ type: 'token_shared', session: fingerprint(cell.key), from: 'store' })
      if (ready) return ready
      // A flight that has sent a request continues, because it may hold the only copy of a refresh token.
      if (tries.length === 0 && options.admits?.() === false) throw refusal('draining', 1)
      const sent = snapshot && (await send(cell, demand, snapshot, by, tries))
      if (!sent) continue
      tries.push(sent)
      const done = await outcome(cell, tries)
      if (refreshed && done && 'token' in done && done.token.attempt === sent.attempt) {
        demand.keepAlive(refreshed(done.snapshot.record.claims))
      }
      if (done) return done
    }
    throw refusal('refresh_outcome_unknown', 1)
  }

  /** Claims, and sends if the claim is still young. */
  async function send(
    cell: SessionCell,
    demand: TokenDemand,
    snapshot: Snapshot,
    by: string,
    tries: readonly Sent[],
  ): Promise<Sent | undefined> {
    const { refreshToken, claims } = snapshot.record
    const claimedAt = clock.elapsed()
    const claimed = await cell.swap(snapshot, withClaim(snapshot.record, by))
    if (!claimed || refreshToken === undefined || clock.elapsed() - claimedAt > SEND_WITHIN_MS)
      return undefined
    const sentAt = clock.elapsed()
    const answer = await server.refresh(refreshToken, demand.request, claims)
    const { key, rejected } = demand
    const { attempt } = claimed.record
    const inDoubt =
      claimed.record.inDoubt ||
      answer.kind === 'ambiguous' ||
      tries.some((earlier) => earlier.refreshToken === refreshToken && earlier.inDoubt)
    return { answer, refreshToken, key, rejected, attempt, sentAt, inDoubt }
  }

  /** Tells the state of a claim, by how long it has been watched standing there unchanged. */
  function createWatch(by: string): (claim: RefreshClaim | undefined) => ClaimState {
    let attempt: number | undefined
    let lookedAt = 0
    let watchedMs = 0
    return (claim) => {
      if (!claim) return 'lapsed'
      if (claim.by === by) return 'mine'
      const now = clock.elapsed()
      watchedMs = attempt === claim.attempt ? watchedMs + Math.min(now - lookedAt, MAX_LOOK_MS) : 0
      attempt = claim.attempt
      lookedAt = now
      return watchedMs > lapseMs ? 'lapsed' : 'live'
    }
  }

  return { token }
}
