import * as oauth from 'oauth4webapi'
import { readJwt } from '../../rules/jwt.ts'
import { judgeLogoutToken, type LogoutToken } from '../../rules/logout-token.ts'
import {
  type EvertokenError,
  type RedactedCause,
  RequestRefusedError,
  TryLaterError,
} from '../../vocabulary/index.ts'
import { redact } from '../redact.ts'
import type { Connection } from './connection.ts'
import { unavailable } from './errors.ts'
import type { KeyCache } from './key-cache.ts'

/** What oauth4webapi says when the keys could not be had, rather than that a token does not fit them. */
const NO_KEYS = /^OAUTH_(?:RESPONSE_IS_NOT_(?:CONFORM|JSON)|PARSE_ERROR)$/

/**
 * Checks a logout token (OIDC Back-Channel Logout §2.6), all but whether it was used before.
 *
 * @throws RequestRefusedError when it does not hold, TryLaterError when that cannot be told now.
 */
export async function checkLogoutToken(
  { client, wire, clock, metadata }: Connection,
  keys: KeyCache,
  token: string,
): Promise<LogoutToken> {
  const server = await metadata()
  const jwt = readJwt(token)
  const alg = jwt?.header['alg']
  const pinned = server.id_token_signing_alg_values_supported ?? ['RS256']
  if (!jwt || typeof alg !== 'string' || !pinned.includes(alg))
    throw logoutTokenRefused('is not signed as the authorization server signs')
  // All that needs no key comes first: anyone can send tokens here.
  const { iss, aud } = jwt.claims
  if (iss !== server.issuer || ![aud].flat().includes(client.client_id))
    throw logoutTokenRefused('is from another server, or for another client')
  const judged = judgeLogoutToken(jwt, clock.now())
  if (typeof judged === 'string') throw logoutTokenRefused(judged)
  try {
    // The one function that checks the signature of any JWT, beside its issuer, audience and expiry.
    await oauth.validateJwtAuthResponse(
      // A copy, for which oauth4webapi knows no keys: the cache decides when to ask for them.
      { ...server },
      { ...client, authorization_signed_response_alg: alg },
      new URLSearchParams({ response: token }),
      oauth.skipStateCheck,
      { ...wire, [oauth.customFetch]: keys.fetchFor(jwt.header['kid']) },
    )
  } catch (error) {
    throw failed(error)
  }
  return judged
}

/** @param what - From us, never from the token. */
export function logoutTokenRefused(what: string, cause?: RedactedCause): RequestRefusedError {
  const message = `Cannot sign anybody out: the logout token ${what}`
  return new RequestRefusedError('logout_token_invalid', message, { cause })
}

function failed(error: unknown): EvertokenError {
  if (error instanceof TryLaterError) return error
  const cause = redact(error)
  const { code = '' } = cause
  if (code.startsWith('OAUTH_') && !NO_KEYS.test(code)) return logoutTokenRefused('does not hold', cause)
  return unavailable('check the logout token without the keys of the authorization server', cause)
}
