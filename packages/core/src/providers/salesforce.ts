import type { ServerProfile } from '../surface/server-profile.ts'
import { hostPart } from './host.ts'

/**
 * Returns the server profile of Salesforce.
 *
 * Token responses have no lifetime. An access token lasts as long as a session of the organization, at least 15 minutes.
 *
 * @param options - `domain`: `login.salesforce.com` by default, `test.salesforce.com`, or your My Domain. `sessionSeconds`: the
 *   session timeout of the organization, in seconds. Default: 900.
 * @returns A plain object for the option `server`.
 * @throws {ConfigurationError} If a host is not one of the provider.
 * @example
 *   import { salesforce } from '@evertoken/core/providers'
 *
 *   const server = salesforce({ sessionSeconds: 7200 })
 * @see {@link https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_refresh_token_flow.htm OAuth 2.0 Refresh Token Flow}
 */
export function salesforce({
  domain: given = 'login.salesforce.com',
  sessionSeconds = 900,
}: { readonly domain?: string; readonly sessionSeconds?: number } = {}): ServerProfile {
  const domain = hostPart(given, /^(?:[a-z\d-]+\.)+salesforce\.com$/)
  return {
    issuer: `https://${domain}`,
    // Source of Auth.js: `refresh_token` is the name of `offline_access`.
    defaultScope: 'openid refresh_token',
    // Responses have no `expires_in` (source of Nango). The shortest timeout is 15 minutes (from memory).
    defaultTokenLifetimeSeconds: sessionSeconds,
    // Third-party text.
    verdicts: [{ is: ['inactive_user'], means: 'sign_in_required' }],
    // Documentation of the revocation.
    endpoints: { revocation_endpoint: `https://${domain}/services/oauth2/revoke` },
  }
}
