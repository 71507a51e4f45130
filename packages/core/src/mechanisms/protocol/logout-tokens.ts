import * as oauth from 'oauth4webapi'
import { readJwt } from '../../rules/jwt.ts'
import { judgeLogoutToken, type LogoutToken } from '../../rules/logout-token.ts'
import { type EvertokenError, RequestRefusedError, TryLaterError } from '../../vocabulary/index.ts'
import { redact } from '../redact.ts'
import type { Connection } from './connection.ts'

/** What oauth4webapi says when the keys could not be had, rather than that a token does not fit them. */
const NO_KEYS = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'])

/**
 * Checks a logout token (OIDC Back-Channel Logout §2.6), all but whether it was used before.
 *
 * @throws RequestRefusedError when it does not hold, TryLaterError when that cannot be told now.
 */
export async function checkLogoutToken(connection: Connection, token: string): Promise<LogoutToken> {
  const { client, clock, documents } = connection
  const server = await connection.metadata()
  const jwt = readJwt(token)
  const alg = jwt?.header['alg']
  const pinned = server.id_token_signing_alg_values_supported ?? ['RS256']
  if (!jwt || typeof alg !== 'string' || !pinned.includes(alg))
    throw logoutTokenRefused('is not signed as the authorization server signs')
  try {
    // The one function that checks the signature of any JWT, beside its issuer, audience and expiry.
    const verifier = { ...client, authorization_signed_response_alg: alg }
    const response = new URLSearchParams({ response: token })
    await oauth.validateJwtAuthResponse(server, verifier, response, oauth.skipStateCheck, documents)
  } catch (error) {
    throw logoutTokenFailed(error)
  }
  const judged = judgeLogoutToken(jwt, clock.now())
  if (typeof judged === 'string') throw logoutTokenRefused(judged)
  return judged
}

/** @param what - From us, never from the token. */
export function logoutTokenRefused(what: string): RequestRefusedError {
  return new RequestRefusedError('logout_token_invalid', `Cannot sign anybody out: the logout token ${what}`)
}

export function logoutTokenFailed(error: unknown): EvertokenError {
  const cause = redact(error)
  if (cause.code?.startsWith('OAUTH_') && !NO_KEYS.has(cause.code)) {
    const message = 'Cannot sign anybody out: the logout token does not hold'
    return new RequestRefusedError('logout_token_invalid', message, { cause })
  }
  const message = 'Cannot check the logout token: the keys of the authorization server cannot be had now'
  return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
}
