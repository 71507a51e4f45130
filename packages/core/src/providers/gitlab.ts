import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of GitLab.
 *
 * @param options - `url`: the URL of your own GitLab, without a slash at the end. Default: `https://gitlab.com`.
 * @returns A plain object for the option `server`.
 * @example
 *   import { gitlab } from '@evertoken/core/providers'
 *
 *   const server = gitlab()
 * @see {@link https://docs.gitlab.com/api/oauth2/ OAuth 2.0 identity provider API}
 */
export function gitlab({ url = 'https://gitlab.com' }: { readonly url?: string } = {}): ServerProfile {
  return {
    issuer: url,
    // Each sign-in returns a refresh token (documentation).
    defaultScope: 'openid',
    // A refresh ends the previous access token and refresh token (documentation).
    refreshEndsAccessToken: true,
  }
}
