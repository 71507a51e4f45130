import { toStandardBody } from '../mechanisms/protocol/token-request.ts'
import type { UserClaims } from '../model/token-grant.ts'
import { readSessionExpiry } from '../rules/protocol/lifetime-hints.ts'
import { readTokenResponse, tokenTypeError } from '../rules/protocol/token-response.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { BoundSession } from './bound-session.ts'
import { copyClaims } from '../model/session-record.ts'

/** The facts about a user that the application knows from its own sign-in. */
export interface StartOptions {
  /**
   * Claims about the user, which the session keeps in place of the claims of the ID token. `sub` must be the `sub`
   * from the authorization server. A refresh does not change them, unless the option `onSignIn` does.
   */
  readonly claims?: UserClaims
  /**
   * The private key, as a JWK, of the proof in your token request. Required with `senderConstraint: dpop()`. The session
   * keeps the key, and signs all further proofs with it.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-5 RFC 9449, section 5: DPoP Access Token Request}
   */
  readonly proofKey?: JsonWebKey
}

/**
 * Starts the session of a request.
 *
 * @throws {ConfigurationError} If the token response has no usable access token, or `sub` differs from its ID token.
 */
export async function startSession(
  { application, start }: BoundSession,
  tokenResponse: unknown,
  { claims, proofKey: given }: StartOptions,
): Promise<void> {
  const { serverClock, readIdToken, sources } = application
  const { responseRules, dialect, binding } = sources.connection
  const proofKey = await binding?.adoptKey(given)
  const timeOfCall = serverClock.startRequest()
  // I9: The `Date` of the token response is unknown. Other processes would trust the wall clock of this one.
  const { server, isUncertain } = serverClock.read()
  if (server === undefined || isUncertain) await serverClock.sample()
  const body = toStandardBody(tokenResponse, dialect)
  const rules = { ...responseRules, isSignIn: true, isBound: proofKey !== undefined }
  const grant = readTokenResponse(body, timeOfCall(), rules)
  if (grant?.unknownType !== undefined) throw tokenTypeError('start the session', grant.unknownType)
  if (!grant?.accessToken) throw malformed()
  const idTokenClaims = grant.idToken === undefined ? undefined : readIdToken?.(grant.idToken)
  const known = claims ? withIdentity(copyClaims(claims), idTokenClaims) : (idTokenClaims ?? {})
  // The application has verified the ID token.
  const sessionExpiry = readSessionExpiry(idTokenClaims, grant.accessToken)
  const claimsDecided = claims ? true : undefined
  await start({ ...grant, proofKey, claims: known, sessionExpiry, claimsDecided })
}

/** Adds the claims that link later ID tokens and logout tokens to the user, to the claims from the application. */
function withIdentity(claims: UserClaims, idTokenClaims: UserClaims = {}): UserClaims {
  if (idTokenClaims.sub !== undefined && idTokenClaims.sub !== (claims.sub ?? idTokenClaims.sub)) {
    const message =
      'Cannot start the session: the claim "sub" is not that of the ID token in the token response'
    throw new ConfigurationError('token_response_malformed', message)
  }
  const identity = ['sub', 'sid', 'auth_time'].filter((name) => idTokenClaims[name] !== undefined)
  return { ...claims, ...Object.fromEntries(identity.map((name) => [name, idTokenClaims[name]])) }
}

function malformed(): ConfigurationError {
  const message = 'Cannot start the session: pass the JSON of a token response, with a Bearer "access_token"'
  return new ConfigurationError('token_response_malformed', message)
}
