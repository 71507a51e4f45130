import type { Connection } from '../mechanisms/protocol/connection.ts'
import type { ServerClock } from '../mechanisms/protocol/server-clock.ts'
import { toStandardBody } from '../mechanisms/protocol/token-request.ts'
import type { TokenGrant, UserClaims } from '../model/token-grant.ts'
import { isJsonObject } from '../rules/members.ts'
import { canBeIssuer } from '../rules/protocol/issuer.ts'
import { readJwt, userClaims } from '../rules/protocol/jwt.ts'
import { readSeconds, readSessionExpiry } from '../rules/protocol/lifetime-hints.ts'
import { readTokenResponse, tokenTypeError } from '../rules/protocol/token-response.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { ServerSettings } from './server-profile-checks.ts'
import { copyClaims } from '../model/session-record.ts'

/** The parts that read a token response which the application has received. */
export interface GivenGrantReader {
  readonly connection: Connection
  readonly serverClock: ServerClock
  /** Returns the claims of an ID token. If it is absent, ID tokens are not read. */
  readonly readIdToken?: ((idToken: string) => UserClaims) | undefined
}

/** Creates a function that reads the claims of an ID token which the application has verified. */
export function createIdTokenReader(server: ServerSettings): (idToken: string) => UserClaims {
  return (idToken) => {
    const claims = readJwt(idToken)?.claims
    return claims && canBeIssuer(claims['iss'], server) ? userClaims(claims) : {}
  }
}

/** The facts that the application adds to a token response. */
export interface GivenFacts {
  readonly claims?: UserClaims | undefined
  readonly proofKey?: JsonWebKey | undefined
}

/**
 * Reads a token response that the application has received, and that may be some time old.
 *
 * @param purpose - The operation, for messages, such as `start the session`.
 * @throws {ConfigurationError} If the response has no usable token, or `sub` differs from its ID token.
 */
export async function readGivenGrant(
  { connection, serverClock, readIdToken }: GivenGrantReader,
  tokenResponse: unknown,
  { claims, proofKey: givenKey }: GivenFacts,
  purpose: string,
): Promise<TokenGrant> {
  const { responseRules, dialect, binding } = connection
  const proofKey = await binding?.adoptKey(givenKey)
  const timeOfCall = serverClock.startRequest()
  // I9: The `Date` of the token response is unknown. Other processes would trust the wall clock of this one.
  const { server, isUncertain } = serverClock.read()
  if (server === undefined || isUncertain) await serverClock.sample()
  const body = withLifetime(toStandardBody(tokenResponse, dialect), connection.clock.now())
  const rules = { ...responseRules, isSignIn: true, isBound: proofKey !== undefined }
  const grant = readTokenResponse(body, timeOfCall(), rules)
  if (grant?.unknownType !== undefined) throw tokenTypeError(purpose, grant.unknownType)
  if (!grant) throw malformed(purpose)
  const idTokenClaims = grant.idToken === undefined ? undefined : readIdToken?.(grant.idToken)
  const known = claims ? withIdentity(copyClaims(claims), idTokenClaims, purpose) : idTokenClaims
  // The application has verified the ID token.
  const sessionExpiry = grant.accessToken && readSessionExpiry(idTokenClaims, grant.accessToken)
  return { ...grant, proofKey, claims: known, sessionExpiry, claimsDecided: claims ? true : undefined }
}

/** Some libraries replace `expires_in` by the time of the expiry, in seconds since the epoch. */
function withLifetime(body: unknown, now: number): unknown {
  if (!isJsonObject(body) || body['expires_in'] !== undefined) return body
  const expiresAt = readSeconds(body['expires_at'])
  return expiresAt === undefined ? body : { ...body, expires_in: Math.max(1, expiresAt - now) }
}

/** Adds the claims that link later ID tokens and logout tokens to the user, to the claims from the application. */
function withIdentity(claims: UserClaims, idTokenClaims: UserClaims = {}, purpose: string): UserClaims {
  if (idTokenClaims.sub !== undefined && idTokenClaims.sub !== (claims.sub ?? idTokenClaims.sub)) {
    const message = `Cannot ${purpose}: \`sub\` in \`claims\` is not that of the ID token.`
    throw new ConfigurationError('token_response_malformed', message)
  }
  const identity = ['sub', 'sid', 'auth_time'].filter((name) => idTokenClaims[name] !== undefined)
  return { ...claims, ...Object.fromEntries(identity.map((name) => [name, idTokenClaims[name]])) }
}

export function malformed(purpose: string): ConfigurationError {
  const message = `Cannot ${purpose}: pass a token response with a Bearer \`access_token\`.`
  return new ConfigurationError('token_response_malformed', message)
}
