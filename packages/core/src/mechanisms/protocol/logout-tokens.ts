import { judgeLogoutToken, type LogoutToken } from '../../rules/protocol/logout-token.ts'
import { RequestRefusedError } from '../../vocabulary/index.ts'
import type { Connection } from './connection.ts'
import type { TokenSignatures } from './token-signatures.ts'

/**
 * Checks a logout token (OIDC Back-Channel Logout §2.6). It does not check whether the token was used before.
 *
 * @throws {RequestRefusedError} If the token is invalid.
 * @throws {TryLaterError} If the token cannot be checked now.
 */
export async function verifyLogoutToken(
  { client, clock, fetchMetadata, metadataForToken }: Connection,
  signatures: TokenSignatures,
  token: string,
): Promise<LogoutToken> {
  const metadata = metadataForToken(await fetchMetadata(), token)
  const jwt = signatures.read(token, metadata)
  if (typeof jwt === 'string') throw logoutTokenRefused(jwt)
  // The checks that need no key come first, because any client can send tokens to this endpoint.
  const { iss, aud } = jwt.claims
  if (iss !== metadata.issuer || ![aud].flat().includes(client.client_id))
    throw logoutTokenRefused('is from another server, or for another client')
  const judged = judgeLogoutToken(jwt, clock.now())
  if (typeof judged === 'string') throw logoutTokenRefused(judged)
  if (await signatures.isSigned(token, jwt, metadata, 'anyone')) return judged
  throw logoutTokenRefused('is not signed with a key of the authorization server')
}

/** @param what - A text from Evertoken, never from the token. */
export function logoutTokenRefused(what: string): RequestRefusedError {
  return new RequestRefusedError('logout_token_invalid', `Cannot sign users out: the logout token ${what}`)
}
