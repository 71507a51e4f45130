import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of a realm of Keycloak.
 *
 * The refresh token ends with the session at Keycloak. For one that outlives it, add `offline_access` to the option `scope`.
 *
 * @param options - `url`: the URL of the server, without a slash at the end. `realm`: the name of the realm.
 * @returns A plain object for the option `server`.
 * @example
 *   import { keycloak } from '@evertoken/core/providers'
 *
 *   const server = keycloak({ url: 'https://login.example.com', realm: 'shop' })
 * @see {@link https://www.keycloak.org/docs/latest/server_admin/#_timeouts Session and token timeouts}
 */
export function keycloak({ url, realm }: { readonly url: string; readonly realm: string }): ServerProfile {
  return {
    issuer: `${url}/realms/${realm}`,
    // Each sign-in returns a refresh token (from memory).
    defaultScope: 'openid',
    // "Revoke Refresh Token" is off by default. If it is on, a second use ends the session (third-party text).
    refreshTokenReuse: 'strict',
  }
}
