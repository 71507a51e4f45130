import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Sign in with Apple.
 *
 * The client secret is a JWT that you sign, and which expires. Pass a function as the secret, as in `clientSecretPost(() =>
 * signSecret())`. For the scopes `name` and `email`, also set `responseMode: 'form_post'`.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { apple } from '@evertoken/core/providers'
 *
 *   const server = apple()
 * @see {@link https://developer.apple.com/documentation/signinwithapplerestapi/generate-and-validate-tokens Generate and validate tokens}
 */
export function apple(): ServerProfile {
  return {
    issuer: 'https://appleid.apple.com',
    // The scopes `name` and `email` need another response mode (source of Auth.js).
    defaultScope: 'openid',
    // A refresh returns no refresh token (third-party text).
    refreshTokenReuse: 'tolerant',
    // Apple has no user information endpoint (source of Auth.js).
    userInfo: false,
    // Apple's response after the user has revoked the access (third-party text).
    verdicts: [{ is: ['invalid_request'], means: 'sign_in_required' }],
    // Documentation of "Revoke tokens".
    endpoints: { revocation_endpoint: 'https://appleid.apple.com/auth/revoke' },
  }
}
