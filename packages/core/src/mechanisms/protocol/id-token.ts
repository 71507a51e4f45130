import * as oauth from 'oauth4webapi'
import { hasRequiredAcr, userClaims } from '../../rules/protocol/jwt.ts'
import { continuesSignIn } from '../../rules/protocol/same-user.ts'
import { readSessionExpiry } from '../../rules/protocol/lifetime-hints.ts'
import { omitUndefined } from '../../rules/members.ts'
import type { TokenGrant, UserClaims } from '../../model/token-grant.ts'
import type { Clock } from '../../ports/clock.ts'
import { type EvertokenErrorOptions, RequestRefusedError } from '../../vocabulary/index.ts'
import { withDeadline } from '../runtime/deadline.ts'
import type { ValidateIdToken } from './token-server.ts'
import type { TokenSignatures } from './token-signatures.ts'

/**
 * How long a refresh waits for the keys of the server, in milliseconds. Until then, only this process has the new refresh
 * token.
 */
const KEYS_WAIT_MS = 1000

/**
 * Validates the ID token of a refresh whose issuer and subject are those of the session (OIDC Core §12.2).
 *
 * If the ID token is invalid, or the keys do not arrive soon, Evertoken ignores its claims. It still uses the tokens in
 * the same response.
 */
export function createIdTokenValidator(
  client: oauth.Client,
  signatures: TokenSignatures,
  clock: Clock,
): ValidateIdToken {
  return async (idToken, grant, user, metadata) => {
    try {
      const server = withAccepted(metadata, signatures)
      const result = await oauth.processRefreshTokenResponse(server, client, onlyIdToken(idToken))
      const claims = checkedClaims(client, result)
      const checking = requireSignature(idToken, metadata, signatures)
      await withDeadline(checking, KEYS_WAIT_MS, clock, () => new Error('The keys are late'))
      if (continuesSignIn(user, oauth.getValidatedIdTokenClaims(result) ?? {}))
        return { kind: 'refreshed', grant: { ...grant, idToken, ...verified(claims, grant) } }
    } catch {
      // The ID token is ignored, as an ID token of another sign-in is.
    }
    return { kind: 'refreshed', grant, idTokenIgnored: true }
  }
}

/** Returns what a verified ID token adds to a grant. */
export function verified(
  claims: UserClaims | undefined,
  { accessToken }: Pick<TokenGrant, 'accessToken'>,
): Pick<TokenGrant, 'claims' | 'sessionExpiry'> {
  return omitUndefined({ claims, sessionExpiry: readSessionExpiry(claims, accessToken) })
}

interface SignInRequirements {
  /** `undefined` if the sign-in has sent none. */
  readonly nonce: string | undefined
  readonly maxAge?: number | undefined
  readonly acrValues?: string | undefined
}

/** Validates the ID token of a sign-in and returns its claims (OIDC Core §3.1.3.7). */
export async function readSignInClaims(
  client: oauth.Client,
  signatures: TokenSignatures,
  metadata: oauth.AuthorizationServer,
  idToken: string | undefined,
  { nonce, maxAge, acrValues }: SignInRequirements,
): Promise<UserClaims> {
  const jwt = idToken === undefined ? undefined : signatures.read(idToken, metadata)
  if (typeof jwt === 'string') throw idTokenRefused(jwt)
  const server = withAccepted(metadata, signatures)
  const result = await oauth.processAuthorizationCodeResponse(server, client, onlyIdToken(idToken), {
    expectedNonce: nonce ?? oauth.expectNoNonce,
    maxAge: maxAge ?? oauth.skipAuthTimeCheck,
    requireIdToken: true,
  })
  const claims = checkedClaims(client, result)
  await requireSignature(idToken ?? '', metadata, signatures)
  if (!hasRequiredAcr(claims, acrValues)) throw authenticationInsufficient()
  return claims
}

/** Lets oauth4webapi accept the same algorithms as Evertoken. The metadata can list `none`. */
function withAccepted(
  metadata: oauth.AuthorizationServer,
  signatures: TokenSignatures,
): oauth.AuthorizationServer {
  return { ...metadata, id_token_signing_alg_values_supported: [...signatures.accepted(metadata)] }
}

/** @throws {RequestRefusedError | TryLaterError | ConfigurationError} If the authorization server has not signed it. */
async function requireSignature(
  idToken: string,
  metadata: oauth.AuthorizationServer,
  signatures: TokenSignatures,
): Promise<void> {
  const jwt = signatures.read(idToken, metadata)
  if (typeof jwt === 'string') throw idTokenRefused(jwt)
  if (await signatures.isSigned(idToken, jwt, metadata, 'server')) return
  throw idTokenRefused('is not signed with a key of the authorization server')
}

/** @param what - A text from Evertoken, never from the token. */
function idTokenRefused(what: string): RequestRefusedError {
  const cause = { name: 'IdTokenError', code: 'ID_TOKEN_SIGNATURE' }
  const message = `Cannot sign in: the ID token ${what}`
  return new RequestRefusedError('authorization_response_invalid', message, { cause })
}

/** Returns the claims after a check of `azp`. oauth4webapi checks `azp` only if there are several audiences. */
function checkedClaims({ client_id }: oauth.Client, result: oauth.TokenEndpointResponse): UserClaims {
  const claims = oauth.getValidatedIdTokenClaims(result)
  if (claims?.azp !== undefined && claims.azp !== client_id)
    throw { name: 'IdTokenError', code: oauth.JWT_CLAIM_COMPARISON }
  return userClaims(claims)
}

/** Wraps only the ID token, because Evertoken has already read the rest of the response, by more lenient rules. */
function onlyIdToken(idToken: string | undefined): Response {
  return Response.json({ access_token: 'unused', token_type: 'bearer', id_token: idToken })
}

/** Creates the error for a user who has signed in, but not in a way that the application or an API requires. */
export function authenticationInsufficient(options?: EvertokenErrorOptions): RequestRefusedError {
  const message = 'The sign-in is not as strong as required. Sign in again, with another method.'
  return new RequestRefusedError('authentication_insufficient', message, options)
}
