import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of eBay.
 *
 * A user is identified by the ID of the user. There is no revocation.
 *
 * @param options - `ruName`: the "RuName" of the application, which eBay expects in place of the URL of the callback. Register the URL
 *   for it as the "accepted URL".
 * @returns A plain object for the option `server`.
 * @example
 *   import { ebay } from '@evertoken/core/providers'
 *
 *   const server = ebay({ ruName: 'Shop-ShopApp-PRD-abc' })
 * @see {@link https://developer.ebay.com/api-docs/static/oauth-refresh-token-request.html Using a refresh token}
 */
export function ebay({ ruName }: { readonly ruName: string }): ServerProfile {
  return {
    issuer: 'https://auth.ebay.com',
    // Documentation.
    metadata: {
      authorization_endpoint: 'https://auth.ebay.com/oauth2/authorize',
      token_endpoint: 'https://api.ebay.com/identity/v1/oauth2/token',
    },
    redirectUri: ruName,
    // From memory.
    defaultScope: 'https://api.ebay.com/oauth/api_scope/commerce.identity.readonly',
    // From memory.
    tokenTypes: ['User Access Token'],
    // Refresh tokens are not rotated (from memory).
    refreshTokenReuse: 'tolerant',
    userInfo: {
      // From memory.
      url: 'https://apiz.ebay.com/commerce/identity/v1/user/',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ userId, username }) => ({ sub: userId, preferred_username: username })
