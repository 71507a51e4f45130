import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import { isJsonObject } from '../../rules/members.ts'
import { TryLaterError } from '../../vocabulary/index.ts'
import type { Http } from './http.ts'

export interface KeyCacheOptions {
  readonly http: Http
  readonly flights: Flights
  readonly clock: Clock
}

/** Caches the keys of the authorization server, so that forged tokens cause only a few requests. */
export interface KeyCache {
  /**
   * Returns a `fetch` for the key endpoint.
   *
   * It makes a request only if it has no recent keys with this ID and the cool-down after the latest request is over.
   */
  fetchFor(keyId: unknown): Http
}

/** The keys, and the time at which they were fetched, by the monotonic clock in milliseconds. */
interface KnownKeys {
  readonly text: string
  readonly keyIds: readonly unknown[]
  readonly at: number
}

const FRESH_MS = 300_000
/** The pause between requests for an unknown key. A token with an unknown key is usually forged. */
const COOL_DOWN_MS = 60_000
/** The pause after a failure. It is short, because without keys no logout token can be checked. */
const FAILED_COOL_DOWN_MS = 10_000
/** Numbers the caches. Caches can share a `Flights` object, but they must not share results. */
let caches = 0

export function createKeyCache({ http, flights, clock }: KeyCacheOptions): KeyCache {
  const group = `keys of the authorization server ${(caches += 1)}`
  let known: KnownKeys | undefined
  let failedAt = -Infinity

  async function request(url: string, init: object | undefined): Promise<{ text: string; status: number }> {
    let keyIds: readonly unknown[] | undefined
    try {
      const response = await http(url, init)
      const text = await response.text()
      keyIds = response.status === 200 ? keyIdsOf(text) : undefined
      if (keyIds) known = { text, keyIds, at: clock.elapsed() }
      return { text, status: response.status }
    } finally {
      failedAt = keyIds ? -Infinity : clock.elapsed()
    }
  }

  function isUsable(keys: KnownKeys, keyId: unknown): boolean {
    const age = clock.elapsed() - keys.at
    return age < COOL_DOWN_MS || (hasKey(keys, keyId) && age < FRESH_MS)
  }

  /** Requests the keys. Resolves to `undefined` during the cool-down period. */
  async function requestOnce(url: string, init: object | undefined): Promise<Response | undefined> {
    if (clock.elapsed() - failedAt < FAILED_COOL_DOWN_MS) return undefined
    const { text, status } = await flights.join(group, '', () => request(url, init), clock).result
    return answer(text, status)
  }

  return {
    fetchFor: (keyId) => async (url, init) => {
      if (known && isUsable(known, keyId)) return answer(known.text, 200)
      // An old key that matches is better than no key.
      const old = known && hasKey(known, keyId) ? known : undefined
      try {
        const response = await requestOnce(url, init)
        if (response?.status === 200 || (response && !old)) return response
      } catch (error) {
        if (!old) throw error
      }
      const usable = old ?? known
      if (usable) return answer(usable.text, 200)
      throw coolingDown()
    },
  }
}

function hasKey({ keyIds }: KnownKeys, keyId: unknown): boolean {
  return keyId === undefined || keyIds.includes(keyId)
}

function answer(text: string, status: number): Response {
  const headers = { 'content-type': 'application/json' }
  return new Response(text || null, { status, headers })
}

function keyIdsOf(text: string): unknown[] | undefined {
  try {
    const { keys } = Object(JSON.parse(text)) as { readonly keys?: unknown }
    return Array.isArray(keys) ? keys.map((key) => (isJsonObject(key) ? key['kid'] : undefined)) : undefined
  } catch {
    return undefined
  }
}

function coolingDown(): TryLaterError {
  const message = 'The keys of the authorization server were not available a moment ago. Try again later.'
  const retryAfterSeconds = FAILED_COOL_DOWN_MS / 1000
  return new TryLaterError('authorization_server_unavailable', message, { retryAfterSeconds })
}
