import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of Slack for one of the two tokens of an app.
 *
 * For the bot token, set the bot scopes as `scope`. For the user token, set the user scopes as `authorizationParameters: {
 * user_scope }`. Slack separates both kinds by commas. A user is identified by the IDs of the workspace and of the account.
 *
 * @param options - `tokens`: which of the two tokens the session keeps.
 * @returns A plain object for the option `server`.
 * @example
 *   import { slack } from '@evertoken/core/providers'
 *
 *   const server = slack({ tokens: 'bot' })
 * @see {@link https://docs.slack.dev/authentication/using-token-rotation Using token rotation}
 */
export function slack({ tokens }: { readonly tokens: 'bot' | 'user' }): ServerProfile {
  return {
    issuer: 'https://slack.com',
    // Source of the Slack SDK. This flow has no discovery.
    metadata: {
      authorization_endpoint: 'https://slack.com/oauth/v2/authorize',
      token_endpoint: 'https://slack.com/api/oauth.v2.access',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    defaultScope: 'users:read',
    scopeSeparator: ',',
    tokenTypes: ['bot', 'user'],
    // Without token rotation, tokens do not expire (documentation).
    defaultTokenLifetimeSeconds: Infinity,
    verdicts: [
      // Errors have the status 200 (documentation).
      { is: ['invalid_refresh_token', 'token_revoked'], means: 'refresh_token_dead' },
      { is: ['invalid_client_id', 'bad_client_secret'], means: 'misconfigured' },
    ],
    userInfo: {
      url: 'https://slack.com/api/auth.test',
      // An error has the status 200 and no user. With the token of a bot, this response names the bot (from memory), so the
      // token response names the user (source of the Slack SDK).
      claims:
        tokens === 'bot'
          ? ({ team_id: team }, { authed_user: user }) => claimsOf(team, Object(user) as Member)
          : ({ team_id: team, user_id: id, user: name }) => claimsOf(team, { id }, { name }),
    },
    dialect: {
      // The response to a code has the token of the user in a member, and the response to a refresh has not (source of
      // the Slack SDK).
      ...(tokens === 'user' && {
        readTokenResponse: (body) => ({ ...body, ...(body['authed_user'] as object | undefined) }),
      }),
      // Revokes the token that the request carries (from memory).
      async revoke(token, { send }) {
        const headers = { authorization: `Bearer ${token}` }
        const response = await send('https://slack.com/api/auth.revoke', { method: 'POST', headers })
        const body = (await response.json()) as Readonly<Record<string, unknown>>
        return body['ok'] === true ? 'revoked' : 'failed'
      },
    },
  }
}

type Member = { readonly id?: unknown }

function claimsOf(team: unknown, { id }: Member, further: object = {}): Readonly<Record<string, unknown>> {
  return typeof team === 'string' && typeof id === 'string' ? { sub: `${team}:${id}`, ...further } : {}
}
