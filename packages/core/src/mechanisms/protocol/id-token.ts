import * as oauth from 'oauth4webapi'
import { hasRequiredAcr, userClaims } from '../../rules/id-token-claims.ts'
import { continuesSignIn } from '../../rules/same-user.ts'
import type { UserClaims } from '../../rules/session-record.ts'
import { insufficient } from './sign-in-errors.ts'
import type { JudgeIdToken } from './token-endpoint.ts'

/**
 * Judges the ID token of a refresh whose issuer and subject are those of the session (OIDC Core §12.2). If it does not hold,
 * its claims are not used. The tokens in the same response are.
 */
export function createIdTokenJudge(client: oauth.Client): JudgeIdToken {
  return async (idToken, grant, user, server) => {
    try {
      const result = await oauth.processRefreshTokenResponse(server, client, idTokenAlone(idToken))
      const claims = claimsFor(client, result)
      if (continuesSignIn(user, oauth.getValidatedIdTokenClaims(result) ?? {}))
        return { kind: 'refreshed', grant: { ...grant, idToken, claims } }
    } catch {
      // As one of another sign-in.
    }
    return { kind: 'refreshed', grant, idTokenIgnored: true }
  }
}

interface SignInRequirements {
  readonly nonce: string
  readonly maxAge?: number | undefined
  readonly acrValues?: string | undefined
}

/** OIDC Core §3.1.3.7, for the ID token of a sign-in. */
export async function claimsOfSignIn(
  client: oauth.Client,
  server: oauth.AuthorizationServer,
  idToken: string | undefined,
  { nonce, maxAge, acrValues }: SignInRequirements,
): Promise<UserClaims> {
  const result = await oauth.processAuthorizationCodeResponse(server, client, idTokenAlone(idToken), {
    expectedNonce: nonce,
    maxAge: maxAge ?? oauth.skipAuthTimeCheck,
    requireIdToken: true,
  })
  const claims = claimsFor(client, result)
  if (!hasRequiredAcr(claims, acrValues)) throw insufficient()
  return claims
}

/** oauth4webapi looks at `azp` only beside several audiences; it names who the token is for wherever it stands. */
function claimsFor({ client_id }: oauth.Client, result: oauth.TokenEndpointResponse): UserClaims {
  const claims = oauth.getValidatedIdTokenClaims(result)
  if (claims?.azp !== undefined && claims.azp !== client_id)
    throw { name: 'IdTokenError', code: oauth.JWT_CLAIM_COMPARISON }
  return userClaims(claims)
}

/** Lets oauth4webapi judge the ID token alone: what stands beside it has been read already, and more leniently. */
function idTokenAlone(idToken: string | undefined): Response {
  return Response.json({ access_token: 'unused', token_type: 'bearer', id_token: idToken })
}
