import type { Flights } from '../../ports/flights.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { createFailurePause, type FailurePauseOptions } from './failure-pause.ts'

export interface MetadataCacheOptions<T> extends FailurePauseOptions {
  readonly discover: () => Promise<T>
  readonly flights: Flights
}

export interface MetadataCache<T> {
  /** @param keepAlive - Keeps a background fetch alive. Without it, some runtimes end the fetch with the request. */
  get(keepAlive?: KeepAlive): Promise<T>
  isKnown(): boolean
}

const FRESH_MS = 3_600_000
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
  const { discover, flights, clock } = options
  const group = `authorization server metadata ${(caches += 1)}`
  const pause = createFailurePause(options)
  let known: { readonly metadata: T; readonly at: number } | undefined

  async function refetch() {
    const metadata = await pause.run(discover)
    known = { metadata, at: clock.elapsed() }
    return metadata
  }

  async function get(keepAlive: KeepAlive = () => undefined) {
    if (known && clock.elapsed() - known.at < FRESH_MS) return known.metadata
    const paused = pause.error()
    if (paused !== undefined) {
      if (known) return known.metadata
      throw paused
    }
    const { result } = flights.join(group, '', refetch, clock)
    if (!known) return result
    // The pause has recorded the failure. The cache continues to use the known metadata.
    keepAlive(result.catch(() => undefined))
    return known.metadata
  }
  return { get, isKnown: () => known !== undefined }
}
