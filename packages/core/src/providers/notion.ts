import { createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import { inJson } from '../rules/protocol/token-request-form.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import { objectOf, type ReadClaims } from './members.ts'

/**
 * Returns the server profile of Notion.
 *
 * A user is identified by the ID of the user who installed the integration. Notion has no scopes.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { notion } from '@evertoken/core/providers'
 *
 *   const server = notion()
 * @see {@link https://developers.notion.com/reference/refresh-a-token Refresh a token}
 */
export function notion(): ServerProfile {
  return {
    issuer: 'https://api.notion.com',
    // Source of Nango and better-auth. The revocation is from memory.
    metadata: {
      authorization_endpoint: 'https://api.notion.com/v1/oauth/authorize',
      token_endpoint: 'https://api.notion.com/v1/oauth/token',
      revocation_endpoint: 'https://api.notion.com/v1/oauth/revoke',
    },
    defaultScope: '',
    // Source of better-auth.
    authorizationParameters: { owner: 'user' },
    // Source of Nango.
    tokenRequest: createCustomRequest({ format: 'json' }, MECHANISM),
    userInfo: {
      // From memory.
      fromTokenResponse: true,
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ owner }) => {
  const { id, name } = objectOf(objectOf(owner)['user'])
  return { sub: id, name }
}

const MECHANISM = { adapt: inJson }
