import type { ServerMetadata } from '../surface/server-metadata.ts'
import type { ServerProfile } from '../surface/server-profile.ts'

/**
 * Returns the server profile of a server with OAuth 2.0 only: without discovery and without ID tokens.
 *
 * @param options - `issuer`: any URL that identifies the server. `metadata`: its endpoints. `scope`: the scope of a sign-in.
 *   `userInfo`: the URL that returns the claims about the user, and a function that reads them. Without it, the hook `onSignIn` must
 *   return `sub`.
 * @returns A plain object for the option `server`.
 * @example
 *   import { plainOAuth2 } from '@evertoken/core/providers'
 *
 *   const server = plainOAuth2({
 *     issuer: 'https://api.example.com',
 *     metadata: {
 *       authorization_endpoint: 'https://api.example.com/oauth/authorize',
 *       token_endpoint: 'https://api.example.com/oauth/token',
 *     },
 *     scope: 'orders',
 *     userInfo: { url: 'https://api.example.com/me', claims: ({ id }) => (id == null ? {} : { sub: String(id) }) },
 *   })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749 RFC 6749: The OAuth 2.0 Authorization Framework}
 */
export function plainOAuth2({
  issuer,
  metadata,
  scope,
  userInfo,
}: {
  readonly issuer: string
  readonly metadata: ServerMetadata
  readonly scope: string
  readonly userInfo?: ServerProfile['userInfo']
}): ServerProfile {
  return { issuer, metadata, defaultScope: scope, ...(userInfo !== undefined && { userInfo }) }
}
