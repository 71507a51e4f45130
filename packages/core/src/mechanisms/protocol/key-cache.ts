import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import { type PublicKey, readKeySet } from '../../rules/protocol/signing-keys.ts'
import { type RedactedCause, TryLaterError } from '../../vocabulary/index.ts'
import { redact } from '../runtime/redact.ts'
import type { Http } from './http.ts'

export interface KeyCacheOptions {
  readonly http: Http
  readonly flights: Flights
  readonly clock: Clock
}

/**
 * Who can send a token. `server`: only the authorization server, in a response. `anyone`: a token can be forged, so it
 * must cause few requests.
 */
export type TokenSource = 'server' | 'anyone'

/** Caches the keys of the authorization server. */
export interface KeyCache {
  /**
   * Tries the known keys, and requests them again if none of them is the right one.
   *
   * @param attempt - Resolves to whether one of the keys is the right one.
   * @throws {TryLaterError} If the keys are not available.
   */
  find(
    url: string,
    source: TokenSource,
    attempt: (keys: readonly PublicKey[]) => Promise<boolean>,
  ): Promise<boolean>
  /** Requests the keys if none are known. Never rejects. */
  prefetch(url: string): Promise<void>
}

/** The keys, and the time at which they were fetched, by the monotonic clock in milliseconds. */
interface KnownKeys {
  readonly keys: readonly PublicKey[]
  readonly at: number
}

const FRESH_MS = 300_000
/** The pause between requests for an unknown key. */
const COOL_DOWN_MS = 60_000
/** The pause after a failure. It is short, because without keys no token can be checked. */
const FAILED_COOL_DOWN_MS = 10_000
/** Numbers the caches. Caches can share a `Flights` object, but they must not share results. */
let caches = 0

export function createKeyCache({ http, flights, clock }: KeyCacheOptions): KeyCache {
  const group = `keys of the authorization server ${(caches += 1)}`
  let known: KnownKeys | undefined
  let failedAt = -Infinity
  /** When the keys were last requested for a token of the server without success. */
  let fruitlessAt = -Infinity

  const ageOf = ({ at }: KnownKeys) => clock.elapsed() - at
  const isFresh = () => known !== undefined && ageOf(known) < FRESH_MS

  async function request(url: string): Promise<void> {
    try {
      const response = await http(url, { headers: { accept: 'application/json, application/jwk-set+json' } })
      const keys = response.status === 200 ? readKeySet(await response.text()) : undefined
      if (!keys) throw { name: 'KeySetError', status: response.status }
      known = { keys, at: clock.elapsed() }
    } catch (error) {
      failedAt = clock.elapsed()
      throw keysUnavailable(redact(error))
    }
  }

  /** Callers that need the keys at the same time share one request. */
  async function refetch(url: string): Promise<void> {
    if (clock.elapsed() - failedAt < FAILED_COOL_DOWN_MS) throw keysUnavailable({ name: 'KeySetError' })
    await flights.join(group, '', () => request(url), clock).result
  }

  /** Keys can be requested again for each new key of the server, but not for each forged token. */
  function isCoolingDown(source: TokenSource): boolean {
    const since = source === 'server' ? fruitlessAt : (known?.at ?? -Infinity)
    return clock.elapsed() - since < COOL_DOWN_MS
  }

  return {
    async find(url, source, attempt) {
      const tried = known
      if (tried && isFresh()) {
        if (await attempt(tried.keys)) return true
        if (isCoolingDown(source)) return false
      }
      try {
        await refetch(url)
      } catch (error) {
        // Old keys are better than none.
        if (!tried || isFresh()) throw error
        return attempt(tried.keys)
      }
      const isFound = known !== undefined && (await attempt(known.keys))
      if (!isFound && source === 'server') fruitlessAt = clock.elapsed()
      return isFound
    },
    async prefetch(url) {
      if (!known) await refetch(url).catch(() => undefined)
    },
  }
}

function keysUnavailable(cause: RedactedCause): TryLaterError {
  const message = 'The keys of the authorization server are not available. Try again later.'
  const retryAfterSeconds = FAILED_COOL_DOWN_MS / 1000
  return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds })
}
