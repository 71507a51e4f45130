import { createBearerCredential, createProofCredential } from '../mechanisms/calls/bearer-credential.ts'
import type { TokenResult } from '../mechanisms/refresh/attempt.ts'
import type { StoredToken } from '../model/stored-tokens.ts'
import { timeFor, type TimeReading } from '../model/time-reading.ts'
import type { Credential } from '../ports/credential.ts'
import type { Snapshot } from '../ports/session-handle.ts'
import { AccessToken, type TokenType } from '../vocabulary/index.ts'
import type { Application } from './bound-session.ts'

type FoundToken = Extract<TokenResult<Snapshot>, { readonly kind: 'token' }>

/** Returns the credential that puts the token of a session on requests. */
export function credentialFor(result: FoundToken, application: Pick<Application, 'servers'>): Credential {
  return proofCredentialFor(result, application) ?? createBearerCredential(result.token)
}

function proofCredentialFor(
  { token, snapshot: { record } }: FoundToken,
  { servers }: Pick<Application, 'servers'>,
): Credential | undefined {
  const { proofKey } = record.ledger
  return createProofCredential(token, proofKey, proofKey && servers.serverFor(record)?.binding)
}

/** Returns the access token of a session. Most tokens need no credential. */
export function sessionTokenOf(
  result: FoundToken,
  time: TimeReading,
  application: Pick<Application, 'servers'>,
): AccessToken {
  return accessTokenOf(result.token, time, proofCredentialFor(result, application))
}

/** The credentials of tokens that are bound to a key, or have a header of their own. */
const credentials = new WeakMap<AccessToken, Credential>()

/**
 * Converts a stored token. Applications compare `expiresAt` with the clock of their machine.
 *
 * @param given - Puts the token on requests. By default, they carry the token without a proof.
 */
export function accessTokenOf(token: StoredToken, time: TimeReading, given?: Credential): AccessToken {
  const { value, type, expiresAt, scope, header, authorizationDetails } = token
  const seconds = expiresAt + time.wall - timeFor(token, time)
  const credential = given ?? (header && createBearerCredential(token))
  const accessToken = new AccessToken(
    value,
    type as TokenType,
    seconds,
    scope,
    credential && ((request) => credential.authorize(request)),
    authorizationDetails,
  )
  if (credential) credentials.set(accessToken, credential)
  return accessToken
}

/** Returns what puts the token of a source on requests. */
export function credentialOf(token: AccessToken): Credential {
  return credentials.get(token) ?? createBearerCredential(token)
}
