import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of QuickBooks Online, of Intuit.
 *
 * A refresh token ends after 100 days without use, and after 5 years. The company is `realmId` in the query of the callback, and not
 * in a token. With the scope `openid`, UserInfo identifies the user.
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
    },
    // From memory.
    defaultScope: 'com.intuit.quickbooks.accounting profile email',
    userInfo: { url: 'https://accounts.platform.intuit.com/v1/openid_connect/userinfo' },
  }
}
