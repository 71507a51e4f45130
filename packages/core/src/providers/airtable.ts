import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Airtable.
 *
 * A user is identified by the ID of the user. Airtable ends a grant whose refresh token is used twice, and informs the user.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { airtable } from '@evertoken/core/providers'
 *
 *   const server = airtable()
 * @see {@link https://airtable.com/developers/web/api/oauth-reference OAuth reference}
 */
export function airtable(): ServerProfile {
  return {
    issuer: 'https://airtable.com',
    // Source of Nango.
    metadata: {
      authorization_endpoint: 'https://airtable.com/oauth2/v1/authorize',
      token_endpoint: 'https://airtable.com/oauth2/v1/token',
    },
    // From memory.
    defaultScope: 'user.email:read',
    userInfo: {
      // From memory.
      url: 'https://api.airtable.com/v0/meta/whoami',
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ id, email }) => ({ sub: id, email })
