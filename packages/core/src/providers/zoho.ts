import type { ServerProfile } from '../surface/server-profile.ts'
import { hostPart } from './host.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Zoho.
 *
 * The API expects the scheme `Zoho-oauthtoken`. A user is identified by the ID of the user. Zoho allows 10 token requests in 10
 * minutes.
 *
 * @param options - `domain`: the domain of the data center of the user, such as `zoho.eu`. Default: `zoho.com`.
 * @returns A plain object for the option `server`.
 * @throws {ConfigurationError} If a host is not one of the provider.
 * @example
 *   import { zoho } from '@evertoken/core/providers'
 *
 *   const server = zoho({ domain: 'zoho.eu' })
 * @see {@link https://www.zoho.com/accounts/protocol/oauth/multi-dc.html Multi DC support}
 */
export function zoho({ domain = 'zoho.com' }: { readonly domain?: string } = {}): ServerProfile {
  const url = `https://accounts.${hostPart(domain, /^zoho(?:\.(?:com(?:\.au|\.cn)?|eu|in|jp|sa|uk)|cloud\.ca)$/)}`
  return {
    issuer: url,
    // Source of Nango. The revocation is from the documentation.
    metadata: {
      authorization_endpoint: `${url}/oauth/v2/auth`,
      token_endpoint: `${url}/oauth/v2/token`,
      revocation_endpoint: `${url}/oauth/v2/token/revoke`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Third-party text.
    defaultScope: 'AaaServer.profile.READ',
    // Third-party text.
    scopeSeparator: ',',
    // Source of Nango.
    authorizationParameters: { access_type: 'offline', prompt: 'consent' },
    // Documentation.
    tokenHeader: { prefix: 'Zoho-oauthtoken ' },
    // A refresh returns no refresh token (documentation).
    refreshTokenReuse: 'tolerant',
    verdicts: [
      // The status is 200 (third-party text).
      { is: ['invalid_code'], means: 'refresh_token_dead' },
      // Too many token requests (documentation).
      { is: ['Access Denied'], means: 'try_later' },
    ],
    // The URL is from the source of better-auth, and the members from a third-party text.
    userInfo: {
      url: `${url}/oauth/user/info`,
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ ZUID: sub, Display_Name: name, Email: email }) => ({ sub, name, email })
