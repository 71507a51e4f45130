import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of an application of authentik.
 *
 * A token request with a `scope` must include `offline_access`.
 *
 * @param options - `url`: the URL of the server, without a slash at the end. `application`: the slug of the application.
 * @returns A plain object for the option `server`.
 * @example
 *   import { authentik } from '@evertoken/core/providers'
 *
 *   const server = authentik({ url: 'https://login.example.com', application: 'shop' })
 * @see {@link https://docs.goauthentik.io/add-secure-apps/providers/oauth2/ OAuth 2.0 provider}
 */
export function authentik({
  url,
  application,
}: {
  readonly url: string
  readonly application: string
}): ServerProfile {
  // The slash is part of the issuer (from memory).
  return { issuer: `${url}/application/o/${application}/` }
}
