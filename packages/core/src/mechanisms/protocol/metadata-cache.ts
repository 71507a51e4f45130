import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'

const FRESH_SECONDS = 3600
/** Caches may share their flights, but not what they bring. */
let caches = 0

/**
 * Keeps the metadata of the authorization server: fetched once under load, again after an hour beside its use, and
 * kept when that fails (S8).
 */
export function createMetadataCache<T>(
  discover: () => Promise<T>,
  flights: Flights,
  clock: Clock,
): () => Promise<T> {
  const group = `authorization server metadata ${(caches += 1)}`
  let known: { readonly metadata: T; readonly at: number } | undefined

  async function fetchAnew() {
    const metadata = await discover()
    known = { metadata, at: clock.elapsed() }
    return metadata
  }

  return async () => {
    if (known && clock.elapsed() - known.at < FRESH_SECONDS * 1000) return known.metadata
    const { result } = flights.join(group, '', fetchAnew)
    if (!known) return result
    // The next call tries again; until then what is known serves.
    result.catch(() => undefined)
    return known.metadata
  }
}
