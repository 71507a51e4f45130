import { BEARER, createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import { objectOf, pairOf, type ReadClaims, type ReadTokenResponse } from './members.ts'

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
    // Errors have the status 200 (documentation). Evertoken knows `invalid_refresh_token`. The errors of a wrong client are from
    // memory.
    verdicts: [{ is: ['invalid_client_id', 'bad_client_secret'], means: 'misconfigured' }],
    // Revokes the access token that the request carries (from memory).
    revocation: createCustomRequest(
      {
        url: 'https://slack.com/api/auth.revoke',
        token: 'access_token',
        authentication: 'bearer',
      },
      BEARER,
    ),
    userInfo: {
      url: 'https://slack.com/api/auth.test',
      // An error has the status 200 and no user. With the token of a bot, this response names the bot (from memory), so the
      // token response names the user (source of the Slack SDK).
      claims: tokens === 'bot' ? readClaimsOfBot : readClaimsOfUser,
    },
    // The response to a code has the token of the user in a member, and the response to a refresh has not (source of the
    // Slack SDK).
    ...(tokens === 'user' && { dialect: { readTokenResponse } }),
  }
}

const readClaimsOfBot: ReadClaims = ({ team_id: team }, { authed_user: user }) => ({
  sub: pairOf(team, objectOf(user)['id']),
})

const readClaimsOfUser: ReadClaims = ({ team_id: team, user_id: id, user: name }) => ({
  sub: pairOf(team, id),
  name,
})

const readTokenResponse: ReadTokenResponse = (body) => ({ ...body, ...objectOf(body['authed_user']) })
