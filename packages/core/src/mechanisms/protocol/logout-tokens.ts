import * as oauth from 'oauth4webapi'
import { readJwt } from '../../rules/protocol/jwt.ts'
import { judgeLogoutToken, type LogoutToken } from '../../rules/protocol/logout-token.ts'
import {
  type EvertokenError,
  type RedactedCause,
  RequestRefusedError,
  TryLaterError,
} from '../../vocabulary/index.ts'
import { redact } from '../runtime/redact.ts'
import type { Connection } from './connection.ts'
import { unavailable } from './discovery-errors.ts'
import type { KeyCache } from './key-cache.ts'

/** Matches the error codes of oauth4webapi for unavailable keys, as opposed to keys that do not match the token. */
const NO_KEYS = /^OAUTH_(?:RESPONSE_IS_NOT_(?:CONFORM|JSON)|PARSE_ERROR)$/

/**
 * Checks a logout token (OIDC Back-Channel Logout §2.6). It does not check whether the token was used before.
 *
 * @throws {RequestRefusedError} If the token is invalid.
 * @throws {TryLaterError} If the token cannot be checked now.
 */
export async function verifyLogoutToken(
  { client, wire, clock, fetchMetadata }: Connection,
  keys: KeyCache,
  token: string,
): Promise<LogoutToken> {
  const metadata = await fetchMetadata()
  const jwt = readJwt(token)
  const alg = jwt?.header['alg']
  const pinned = metadata.id_token_signing_alg_values_supported ?? ['RS256']
  if (!jwt || typeof alg !== 'string' || !pinned.includes(alg))
    throw logoutTokenRefused('is not signed as the authorization server signs')
  // The checks that need no key come first, because any client can send tokens to this endpoint.
  const { iss, aud } = jwt.claims
  if (iss !== metadata.issuer || ![aud].flat().includes(client.client_id))
    throw logoutTokenRefused('is from another server, or for another client')
  const judged = judgeLogoutToken(jwt, clock.now())
  if (typeof judged === 'string') throw logoutTokenRefused(judged)
  try {
    // In oauth4webapi, only this function checks the signature of any JWT. It also checks issuer, audience and expiry.
    await oauth.validateJwtAuthResponse(
      // oauth4webapi has cached no keys for a copy, so the key cache decides when to request them.
      { ...metadata },
      { ...client, authorization_signed_response_alg: alg },
      new URLSearchParams({ response: token }),
      oauth.skipStateCheck,
      { ...wire, [oauth.customFetch]: keys.fetchFor(jwt.header['kid']) },
    )
  } catch (error) {
    throw verificationError(error)
  }
  return judged
}

/** @param what - A text from Evertoken, never from the token. */
export function logoutTokenRefused(what: string, cause?: RedactedCause): RequestRefusedError {
  const message = `Cannot sign users out: the logout token ${what}`
  return new RequestRefusedError('logout_token_invalid', message, { cause })
}

function verificationError(error: unknown): EvertokenError {
  if (error instanceof TryLaterError) return error
  const cause = redact(error)
  const { code = '' } = cause
  if (code.startsWith('OAUTH_') && !NO_KEYS.test(code)) return logoutTokenRefused('does not hold', cause)
  return unavailable('check the logout token without the keys of the authorization server', cause)
}
