import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of QuickBooks Online, of Intuit.
 *
 * A refresh token ends after 100 days without use, and after 5 years. The claim `realmid` and `realmId` in the query of the callback
 * name the company.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { quickbooks } from '@evertoken/core/providers'
 *
 *   const server = quickbooks()
 * @see {@link https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0 Set up OAuth 2.0}
 */
export function quickbooks(): ServerProfile {
  return {
    issuer: 'https://oauth.platform.intuit.com/op/v1',
    // Source of oauth-jsclient.
    metadata: {
      authorization_endpoint: 'https://appcenter.intuit.com/connect/oauth2',
      token_endpoint: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
      revocation_endpoint: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
      userinfo_endpoint: 'https://accounts.platform.intuit.com/v1/openid_connect/userinfo',
      jwks_uri: 'https://oauth.platform.intuit.com/op/v1/jwks',
    },
    // Source of oauth-jsclient.
    defaultScope: 'openid profile email com.intuit.quickbooks.accounting',
    // The claims in the discovery document of Intuit do not include it (third-party text).
    nonce: false,
  }
}
