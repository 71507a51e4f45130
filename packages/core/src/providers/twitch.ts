import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Twitch.
 *
 * Twitch requires that an application validates the token of each session every hour, at `/oauth2/validate`.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { twitch } from '@evertoken/core/providers'
 *
 *   const server = twitch()
 * @see {@link https://dev.twitch.tv/docs/authentication/refresh-tokens/ Refreshing access tokens}
 */
export function twitch(): ServerProfile {
  return {
    issuer: 'https://id.twitch.tv/oauth2',
    // Each sign-in returns a refresh token (documentation).
    defaultScope: 'openid',
    // Errors have `message` and no `error` (source of twurple).
    verdicts: [{ member: 'message', is: ['Invalid refresh token'], means: 'refresh_token_dead' }],
    // Source of twurple.
    endpoints: { revocation_endpoint: 'https://id.twitch.tv/oauth2/revoke' },
  }
}
