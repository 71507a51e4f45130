import type { UserClaims } from '../model/token-grant.ts'
import type { BoundSession } from './bound-session.ts'
import { malformed, readGivenGrant } from './given-grant.ts'

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
  { claims, proofKey }: StartOptions,
): Promise<void> {
  const { serverClock, readIdToken, sources } = application
  const reader = { connection: sources.connection, serverClock, readIdToken }
  const grant = await readGivenGrant(reader, tokenResponse, { claims, proofKey }, PURPOSE)
  if (!grant.accessToken) throw malformed(PURPOSE)
  await start({ ...grant, claims: grant.claims ?? {} })
}

const PURPOSE = 'start the session'
