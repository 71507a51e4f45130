import * as oauth from 'oauth4webapi'
import { findIdTokenFault, type IdTokenRequirements } from '../../rules/protocol/id-token.ts'
import { hasRequiredAcr, type UncheckedJwt, userClaims } from '../../rules/protocol/jwt.ts'
import { continuesSignIn } from '../../rules/protocol/same-user.ts'
import { readSessionExpiry } from '../../rules/protocol/lifetime-hints.ts'
import { omitUndefined } from '../../rules/members.ts'
import type { TokenGrant, UserClaims } from '../../model/token-grant.ts'
import type { Clock } from '../../ports/clock.ts'
import { type EvertokenErrorOptions, RequestRefusedError } from '../../vocabulary/index.ts'
import { withDeadline } from '../runtime/deadline.ts'
import type { IdTokenValidation } from './token-server.ts'
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
): IdTokenValidation['validateIdToken'] {
  return async (idToken, grant, user, metadata) => {
    try {
      const checking = readValid(client, signatures, metadata, idToken, clock)
      const claims = await withDeadline(checking, KEYS_WAIT_MS, clock, () => new Error('The keys are late'))
      if (continuesSignIn(user, claims))
        return { kind: 'refreshed', grant: { ...grant, idToken, ...verified(userClaims(claims), grant) } }
    } catch {
      // The ID token is ignored, as an ID token of another sign-in is.
    }
    return { kind: 'refreshed', grant, idTokenIgnored: true }
  }
}

/** Returns the part of a grant that comes from a verified ID token. */
export function verified(
  claims: UserClaims | undefined,
  { accessToken }: Pick<TokenGrant, 'accessToken'>,
): Pick<TokenGrant, 'claims' | 'sessionExpiry'> {
  return omitUndefined({ claims, sessionExpiry: readSessionExpiry(claims, accessToken) })
}

interface SignInRequirements extends NonNullable<IdTokenRequirements['signIn']> {
  readonly clock: Pick<Clock, 'now'>
  readonly acrValues?: string | undefined
}

/** Validates the ID token of a sign-in and returns its claims about the user (OIDC Core §3.1.3.7). */
export async function readSignInClaims(
  client: oauth.Client,
  signatures: TokenSignatures,
  metadata: oauth.AuthorizationServer,
  idToken: string,
  { clock, acrValues, ...signIn }: SignInRequirements,
): Promise<UserClaims> {
  const claims = userClaims(await readValid(client, signatures, metadata, idToken, clock, signIn))
  if (!hasRequiredAcr(claims, acrValues)) throw authenticationInsufficient()
  return claims
}

/**
 * Reads an ID token, and checks its claims and its signature.
 *
 * @throws {RequestRefusedError | TryLaterError | ConfigurationError} If its signature is wrong, or cannot be checked.
 * @throws If one of its claims is wrong. The error has the code of oauth4webapi, as for a wrong response.
 */
async function readValid(
  client: oauth.Client,
  signatures: TokenSignatures,
  metadata: oauth.AuthorizationServer,
  idToken: string,
  clock: Pick<Clock, 'now'>,
  signIn?: IdTokenRequirements['signIn'],
): Promise<UncheckedJwt['claims']> {
  const jwt = signatures.read(idToken, metadata)
  if (typeof jwt === 'string') throw idTokenRefused(jwt)
  const fault = findIdTokenFault(jwt.claims, {
    issuer: metadata.issuer,
    clientId: client.client_id,
    now: clock.now(),
    toleranceSeconds: client[oauth.clockTolerance] ?? 0,
    ...(signIn && { signIn }),
  })
  if (fault) throw { name: 'IdTokenError', code: CODES[fault.kind], claim: fault.claim }
  if (await signatures.isSigned(idToken, jwt, metadata, 'server')) return jwt.claims
  throw idTokenRefused('is not signed with a key of the authorization server')
}

const CODES = {
  malformed: oauth.INVALID_RESPONSE,
  time: oauth.JWT_TIMESTAMP_CHECK,
  other: oauth.JWT_CLAIM_COMPARISON,
} as const

/** @param what - A text from Evertoken, never from the token. */
function idTokenRefused(what: string): RequestRefusedError {
  const cause = { name: 'IdTokenError', code: 'ID_TOKEN_SIGNATURE' }
  const message = `Cannot sign in: the ID token ${what}`
  return new RequestRefusedError('authorization_response_invalid', message, { cause })
}

/** Creates the error for a user who has signed in, but not in a way that the application or an API requires. */
export function authenticationInsufficient(options?: EvertokenErrorOptions): RequestRefusedError {
  const message = 'The sign-in is not as strong as required. Sign in with another method.'
  return new RequestRefusedError('authentication_insufficient', message, options)
}

export interface SignInClientOptions {
  readonly clientId: string
  /** How many seconds the clocks may differ when the times of an ID token are checked. */
  readonly clockToleranceSeconds: number
}

/** Creates the client of a server whose ID tokens are validated. */
export function createSignInClient(options: SignInClientOptions): oauth.Client {
  return { client_id: options.clientId, [oauth.clockTolerance]: options.clockToleranceSeconds }
}
