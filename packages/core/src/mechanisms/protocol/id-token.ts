import * as oauth from 'oauth4webapi'
import { hasRequiredAcr, userClaims } from '../../rules/protocol/jwt.ts'
import { continuesSignIn } from '../../rules/protocol/same-user.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import { type EvertokenErrorOptions, RequestRefusedError } from '../../vocabulary/index.ts'
import type { ValidateIdToken } from './token-server.ts'

/**
 * Validates the ID token of a refresh whose issuer and subject are those of the session (OIDC Core §12.2).
 *
 * If the ID token is invalid, Evertoken ignores its claims. It still uses the tokens in the same response.
 */
export function createIdTokenValidator(client: oauth.Client): ValidateIdToken {
  return async (idToken, grant, user, metadata) => {
    try {
      const result = await oauth.processRefreshTokenResponse(metadata, client, onlyIdToken(idToken))
      const claims = checkedClaims(client, result)
      if (continuesSignIn(user, oauth.getValidatedIdTokenClaims(result) ?? {}))
        return { kind: 'refreshed', grant: { ...grant, idToken, claims } }
    } catch {
      // The ID token is ignored, as an ID token of another sign-in is.
    }
    return { kind: 'refreshed', grant, idTokenIgnored: true }
  }
}

interface SignInRequirements {
  readonly nonce: string
  readonly maxAge?: number | undefined
  readonly acrValues?: string | undefined
}

/** Validates the ID token of a sign-in and returns its claims (OIDC Core §3.1.3.7). */
export async function readSignInClaims(
  client: oauth.Client,
  metadata: oauth.AuthorizationServer,
  idToken: string | undefined,
  { nonce, maxAge, acrValues }: SignInRequirements,
): Promise<UserClaims> {
  const result = await oauth.processAuthorizationCodeResponse(metadata, client, onlyIdToken(idToken), {
    expectedNonce: nonce,
    maxAge: maxAge ?? oauth.skipAuthTimeCheck,
    requireIdToken: true,
  })
  const claims = checkedClaims(client, result)
  if (!hasRequiredAcr(claims, acrValues)) throw authenticationInsufficient()
  return claims
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
