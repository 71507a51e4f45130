import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Google.
 *
 * Google returns a refresh token only with `access_type` and, after the first sign-in, `prompt=consent`. The profile sets
 * both.
 *
 * @param options - `includeGrantedScopes`: whether the token also has the scopes of earlier consents. Default: false.
 * @returns A plain object for the option `server`.
 * @example
 *   import { google } from '@evertoken/core/providers'
 *
 *   const server = google()
 * @see {@link https://developers.google.com/identity/protocols/oauth2/web-server Using OAuth 2.0 for Web Server Applications}
 */
export function google({
  includeGrantedScopes = false,
}: { readonly includeGrantedScopes?: boolean } = {}): ServerProfile {
  return {
    issuer: 'https://accounts.google.com',
    // Google refuses `offline_access`.
    defaultScope: 'openid email profile',
    // Source of Auth.js and Nango.
    authorizationParameters: {
      access_type: 'offline',
      prompt: 'consent',
      ...(includeGrantedScopes && { include_granted_scopes: 'true' }),
    },
    // Refresh tokens are not rotated (third-party text).
    refreshTokenReuse: 'tolerant',
    verdicts: [
      // Both from the source of google-auth-library-python.
      { member: 'error_subtype', is: ['invalid_rapt', 'rapt_required'], means: 'sign_in_required' },
      { is: ['internal_failure', 'server_error', 'temporarily_unavailable'], means: 'try_later' },
    ],
  }
}
