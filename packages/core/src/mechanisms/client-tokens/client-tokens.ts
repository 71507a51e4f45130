import type { StoredToken } from '../../model/stored-tokens.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Acquisition } from '../../ports/acquisition.ts'
import type { Flights } from '../../ports/flights.ts'
import type { LedgerHandle } from '../../ports/ledger-handle.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'
import type { SenderConstraint } from '../../ports/token-binding.ts'
import { type EventListener, SignInRequiredError } from '../../vocabulary/index.ts'
import type { ServerClock } from '../protocol/server-clock.ts'
import { hasValidToken, isValidFor } from '../../rules/refresh/freshness.ts'
import { timeFor } from '../../model/time-reading.ts'
import type { TokenCall, TokenResult } from '../refresh/attempt.ts'
import type { Line } from '../refresh/line.ts'
import { createRefresher } from '../refresh/refresher.ts'
import { createRecentMap } from '../runtime/bounded-map.ts'
import { sha256 } from '../runtime/digest.ts'
import { isStoreFailure } from '../sessions/pending-sign-outs.ts'
import type { Seal } from '../sessions/seal.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import { type ClientSnapshot, createClientLedger } from './client-ledger.ts'

export interface ClientTokensOptions {
  readonly issuer: string
  readonly clientId: string
  /** How the tokens are requested. */
  readonly acquisition: Acquisition
  /** The grant type, for events. */
  readonly grant: string
  /** How the tokens are bound. Absent if they are not bound. */
  readonly constraint: SenderConstraint['method'] | undefined
  readonly server: Pick<TokenServer, 'revoke'>
  readonly store: GuardedStore
  readonly isStorePrivate: boolean
  readonly seal: Seal
  readonly flights: Flights
  readonly line: Line
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly emit: EventListener
  /** Returns a number from 0 to 1, which varies pauses. */
  readonly random: () => number
  readonly serverTimeoutMs: number
  readonly storeTimeoutMs: number
  /** Whether new requests can be started. */
  readonly admits: () => boolean
}

/** The request of one caller for a token of the client. */
export interface ClientTokenCall extends Pick<
  TokenCall,
  'rejected' | 'minValiditySeconds' | 'forceRefresh' | 'keepAlive'
> {
  /** Distinguishes the tokens of the client. */
  readonly key: string
  readonly parameters: TokenParameters
}

/** The tokens of the application itself, one for each set of parameters. */
export interface ClientTokens {
  /**
   * Returns a current token. A token that this process knows costs no read of the store.
   *
   * @throws {TryLaterError | ConfigurationError | OperatorError} If no token is available now.
   */
  token(call: ClientTokenCall): Promise<StoredToken>
}

interface Entry {
  readonly handle: LedgerHandle<ClientSnapshot>
  /** The newest state that this process has seen, if it is good for further calls. */
  newest: ClientSnapshot | undefined
  /** The newest token that this process has seen. It bridges an outage of the store. */
  token: StoredToken | undefined
  /** Until then, a token that works is served without the store, by the monotonic clock in milliseconds. */
  storePausedUntil: number
}

/** After a failure of the store, no call asks it for this time, in milliseconds, if the known token works. */
const STORE_PAUSE_MS = 1000
/** The ledger has one token, so its key does not matter. */
const KEY = ''

const MAX_ENTRIES = 1000

/**
 * Keeps the tokens of the client current.
 *
 * Each token has a record in the store, under the hash of the client, the issuer, the names of all keys of the seal, and
 * the parameters. All processes with the same store and secrets share it, so a fleet requests each token once. Processes
 * with other secrets could not read the record, and would overwrite it. The order of the secrets makes no difference, so
 * both halves of a fleet share the token while a rotation makes another secret the first one.
 *
 * A token of the client needs no sign-out, so a process serves it from its memory until it has to be replaced. If the
 * store fails then, the process serves it until it expires.
 */
export function createClientTokens(options: ClientTokensOptions): ClientTokens {
  const { issuer, clientId, constraint, grant, store, seal, clock, serverClock } = options
  const emit = asGranted(options.emit, grant)
  const refresher = createRefresher({ ...options, emit })
  // The entry is kept, not the promise: some runtimes let no request await what another one started.
  const entries = createRecentMap<string, Entry>(MAX_ENTRIES)

  async function entryOf(key: string): Promise<Entry> {
    const owner = ['client tokens', issuer, clientId, await seal.keyIds(), key]
    // A process with another constraint could not send the token, or would send one that is not bound.
    const id = await sha256(JSON.stringify(constraint ? [...owner, constraint] : owner))
    const known = entries.get(key)
    if (known) return known
    const handle = createClientLedger(id, { store, seal, clock, serverClock, emit })
    const entry = { handle, newest: undefined, token: undefined, storePausedUntil: 0 }
    entries.set(key, entry)
    return entry
  }

  async function request(entry: Entry, call: ClientTokenCall): Promise<StoredToken> {
    const { parameters, key: _, ...demand } = call
    const background = (work: Promise<TokenResult<ClientSnapshot>>) =>
      void work.then(
        (result) => keep(entry, result.kind === 'token' ? result.snapshot : undefined),
        (error: unknown) => noteFailure(entry, error),
      )
    const seen = entry.newest ?? (await entry.handle.read())
    keep(entry, seen)
    const wanted = { ...demand, key: KEY, request: parameters, background }
    const result = await refresher.token(entry.handle, seen, wanted)
    if (result.kind === 'token') return result.token
    throw new SignInRequiredError(result.code, 'The authorization server requires that the user signs in.')
  }

  function noteFailure(entry: Entry, error: unknown): void {
    // Another process may succeed before the pause in this state is over.
    entry.newest = undefined
    if (isStoreFailure(error)) entry.storePausedUntil = clock.elapsed() + STORE_PAUSE_MS
  }

  /** Returns the token that this process knows, if it works. */
  function knownToken({ token }: Entry, call: ClientTokenCall): StoredToken | undefined {
    const { rejected, forceRefresh, minValiditySeconds } = call
    const time = serverClock.read()
    const isUsable =
      token && token.value !== rejected && !forceRefresh && hasValidToken({ [KEY]: token }, time)
    return isUsable && isValidFor(token, timeFor(token, time), minValiditySeconds) ? token : undefined
  }

  return {
    async token(call) {
      const entry = entries.get(call.key) ?? (await entryOf(call.key))
      const isPaused = entry.storePausedUntil > 0 && clock.elapsed() < entry.storePausedUntil
      const known = isPaused ? knownToken(entry, call) : undefined
      if (known) return known
      try {
        return await request(entry, call)
      } catch (error) {
        noteFailure(entry, error)
        const bridge = isStoreFailure(error) ? knownToken(entry, call) : undefined
        if (bridge) return bridge
        throw error
      }
    },
  }
}

/** Keeps a state for further calls. While a process has the lease, the state is about to change. */
function keep(entry: Entry, snapshot: ClientSnapshot | undefined): void {
  entry.newest = snapshot?.record.ledger.lease ? undefined : snapshot
  entry.token = snapshot?.record.ledger.tokens[KEY] ?? entry.token
}

/** Reports a token that was requested, because nothing was refreshed. */
export function asGranted(emit: EventListener, grant: string): EventListener {
  return (event) =>
    emit(
      event.type === 'token_refreshed'
        ? { type: 'token_granted', grant, durationMs: event.durationMs }
        : event,
    )
}
