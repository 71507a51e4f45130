import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { type BackOff, nextBackOff } from '../../model/back-off.ts'
import { type RedactedCause, TryLaterError } from '../../vocabulary/index.ts'

export interface MetadataCacheOptions<T> {
  readonly discover: () => Promise<T>
  readonly flights: Flights
  readonly clock: Clock
  /** Returns a number from 0 to 1, which varies pauses. */
  readonly random: () => number
}

export interface MetadataCache<T> {
  /** @param keepAlive - Keeps a background fetch alive. Without it, some runtimes end the fetch with the request. */
  get(keepAlive?: KeepAlive): Promise<T>
  isKnown(): boolean
}

const FRESH_MS = 3_600_000
const MAX_PAUSE_SECONDS = 10
/** Numbers the caches. Caches can share a `Flights` object, but they must not share results. */
let caches = 0

/**
 * Caches the metadata of the authorization server (S8).
 *
 * Concurrent callers share one fetch. After 1 hour, the cache fetches the metadata again in the background. If that
 * fails, it continues to use the known metadata. Failures back off, so that the callers of a cold process do not cause
 * one request each.
 */
export function createMetadataCache<T>(options: MetadataCacheOptions<T>): MetadataCache<T> {
  const { discover, flights, clock, random } = options
  const group = `authorization server metadata ${(caches += 1)}`
  let known: { readonly metadata: T; readonly at: number } | undefined
  let failure: { readonly error: unknown; readonly backOff: BackOff } | undefined

  const now = () => clock.elapsed() / 1000

  async function refetch() {
    try {
      const metadata = await discover()
      known = { metadata, at: clock.elapsed() }
      failure = undefined
      return metadata
    } catch (error) {
      const code = 'authorization_server_unavailable'
      const backOff = nextBackOff(failure?.backOff, code, { wall: now() }, { jitter: random() })
      // Without metadata no request works, so the process must soon notice that the server has recovered.
      failure = { error, backOff: { ...backOff, until: Math.min(backOff.until, now() + MAX_PAUSE_SECONDS) } }
      throw error
    }
  }

  async function get(keepAlive: KeepAlive = () => undefined) {
    if (known && clock.elapsed() - known.at < FRESH_MS) return known.metadata
    if (failure && now() < failure.backOff.until) {
      if (known) return known.metadata
      throw postponed(failure.error, failure.backOff.until - now())
    }
    const { result } = flights.join(group, '', refetch, clock)
    if (!known) return result
    // `refetch` has recorded the failure. The cache continues to use the known metadata.
    keepAlive(result.catch(() => undefined))
    return known.metadata
  }
  return { get, isKnown: () => known !== undefined }
}

/** Creates the same error for a later caller, with the time after which that caller can try again. */
function postponed(error: unknown, seconds: number): unknown {
  if (!(error instanceof TryLaterError)) return error
  const { code, message, cause } = error
  const retryAfterSeconds = Math.max(1, Math.ceil(seconds))
  return new TryLaterError(code, message, { cause: cause as RedactedCause | undefined, retryAfterSeconds })
}
