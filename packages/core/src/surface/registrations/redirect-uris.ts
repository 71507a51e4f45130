import { createBoundedMap } from '../../mechanisms/runtime/bounded-map.ts'
import type { Clock } from '../../ports/clock.ts'
import { invalid } from '../checks.ts'

/**
 * The redirect URIs of several registrations. Each authorization server needs its own (RFC 9700 §4.4.2.2): a server that shares
 * one could send the code of another server to itself.
 */
export interface RedirectUris {
  /**
   * Notes that a registration uses a redirect URI.
   *
   * @param client - The authorization server and the client of the registration.
   * @throws {ConfigurationError} If another client has used it recently.
   */
  claim(redirectUri: string, name: string, client: string): void
}

/** @param keptMs - How long a use counts, in milliseconds. A tenant can get the address of an earlier one after that. */
export function createRedirectUris(clock: Clock, keptMs: number, maxEntries: number): RedirectUris {
  const claims = createBoundedMap<
    string,
    { readonly name: string; readonly client: string; readonly at: number }
  >(maxEntries)
  return {
    claim(redirectUri, name, client) {
      const at = clock.elapsed()
      const held = claims.get(redirectUri)
      const isOther = held && held.name !== name && held.client !== client
      if (isOther && at - held.at < keptMs)
        throw invalid(
          'registrations',
          'has two tenants with different clients and the same redirect URI. Give each its own host or its own `baseUrl`',
        )
      claims.set(redirectUri, { name, client, at })
    },
  }
}
