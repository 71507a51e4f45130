import { BASIC_JSON, createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of GitHub for a GitHub App.
 *
 * A user is identified by the ID of the account.
 *
 * @param options - `host`: the host of GitHub Enterprise Server. Default: `github.com`.
 * @returns A plain object for the option `server`.
 * @example
 *   import { githubApp } from '@evertoken/core/providers'
 *
 *   const server = githubApp()
 * @see {@link https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens Refreshing user access tokens}
 */
export function githubApp(options: { readonly host?: string } = {}): ServerProfile {
  return {
    ...githubOAuthApp(options),
    // A refresh ends the previous refresh token and access token (documentation).
    refreshEndsAccessToken: true,
    // Errors have the status 200 (third-party text). Evertoken knows `bad_refresh_token`.
    verdicts: [{ is: ['incorrect_client_credentials'], means: 'misconfigured' }],
  }
}

/**
 * Returns the server profile of GitHub for an OAuth app.
 *
 * Access tokens have no expiry, and GitHub issues no refresh tokens. A user is identified by the ID of the account.
 *
 * @param options - `host`: the host of GitHub Enterprise Server. Default: `github.com`.
 * @returns A plain object for the option `server`.
 * @example
 *   import { githubOAuthApp } from '@evertoken/core/providers'
 *
 *   const server = githubOAuthApp()
 * @see {@link https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps Authorizing OAuth apps}
 */
export function githubOAuthApp({ host = 'github.com' }: { readonly host?: string } = {}): ServerProfile {
  const issuer = `https://${host}/login/oauth`
  const api = host === 'github.com' ? 'https://api.github.com' : `https://${host}/api/v3`
  return {
    issuer,
    // Source of Auth.js. GitHub has no discovery.
    metadata: {
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/access_token`,
      // Documentation.
      device_authorization_endpoint: `https://${host}/login/device/code`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // A GitHub App ignores it: its permissions decide (from memory).
    defaultScope: 'read:user',
    // Documentation. With another host, the API has another URL.
    revocation: createCustomRequest(
      {
        url: `${api}/applications/{client_id}/token`,
        method: 'DELETE',
        token: 'access_token',
        format: 'json',
        authentication: 'client_secret_basic',
      },
      BASIC_JSON,
    ),
    // An app without expiring tokens sends no lifetime (documentation).
    defaultTokenLifetimeSeconds: Infinity,
    userInfo: {
      url: `${api}/user`,
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, login, name, email, avatar_url: picture }) => ({
  sub: id,
  preferred_username: login,
  name,
  email,
  picture,
})
