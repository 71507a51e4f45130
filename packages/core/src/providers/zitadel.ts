import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Zitadel.
 *
 * @param options - `url`: the issuer, such as `https://shop.zitadel.cloud`.
 * @returns A plain object for the option `server`.
 * @example
 *   import { zitadel } from '@evertoken/core/providers'
 *
 *   const server = zitadel({ url: 'https://shop.zitadel.cloud' })
 * @see {@link https://zitadel.com/docs/guides/integrate/login/oidc/login-users Authenticate users with OpenID Connect}
 */
export function zitadel({ url }: { readonly url: string }): ServerProfile {
  return {
    issuer: url,
    verdicts: [
      // The error is `invalid_request`, not `invalid_grant` (third-party text).
      {
        member: 'error_description',
        is: ['Errors.OIDCSession.RefreshTokenInvalid'],
        means: 'refresh_token_dead',
      },
    ],
  }
}
