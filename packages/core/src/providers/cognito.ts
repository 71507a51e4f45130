import type { ServerProfile } from '../surface/server-profile.ts'
import { hostPart } from './host.ts'

/**
 * Returns the server profile of a user pool of Amazon Cognito.
 *
 * @param options - `region` and `userPoolId`: those of the user pool. `domain`: the domain of the login pages, such as
 *   `shop.auth.eu-west-1.amazoncognito.com`. `graceSeconds`: the `RetryGracePeriodSeconds` of the rotation of refresh
 *   tokens. Without it, Evertoken assumes that there is none.
 * @returns A plain object for the option `server`.
 * @throws {ConfigurationError} If a name cannot be part of a host name.
 * @example
 *   import { cognito } from '@evertoken/core/providers'
 *
 *   const domain = 'shop.auth.eu-west-1.amazoncognito.com'
 *   const server = cognito({ region: 'eu-west-1', userPoolId: 'eu-west-1_aBcDeFgHi', domain })
 * @see {@link https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html Logout endpoint}
 */
export function cognito({
  region,
  userPoolId,
  domain,
  graceSeconds,
}: {
  readonly region: string
  readonly userPoolId: string
  readonly domain: string
  readonly graceSeconds?: number
}): ServerProfile {
  return {
    issuer: `https://cognito-idp.${hostPart(region, /^[a-z\d-]+$/)}.amazonaws.com/${userPoolId}`,
    // Each sign-in returns a refresh token (from memory).
    defaultScope: 'openid',
    // Rotation is off by default (documentation).
    ...(graceSeconds && { refreshTokenReuse: { graceSeconds } }),
    // Documentation of the logout endpoint and of the revocation endpoint.
    endSession: { url: `https://${domain}/logout`, postLogoutParameter: 'logout_uri', idTokenHint: false },
    endpoints: { revocation_endpoint: `https://${domain}/oauth2/revoke` },
  }
}
