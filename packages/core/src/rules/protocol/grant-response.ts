import { exceedsGrant } from '../../model/token-parameters.ts'
import { ConfigurationError, type ErrorCode, type RedactedCause } from '../../vocabulary/index.ts'
import { isJsonObject } from '../members.ts'

/** A kind of token (RFC 8693 §3): a name from the registry of the RFC, or another URN. */
export type TokenType = 'access_token' | 'id_token' | 'refresh_token' | 'jwt' | 'saml2' | `urn:${string}`

export function tokenTypeUrn(type: TokenType): string {
  return type.startsWith('urn:') ? type : `urn:ietf:params:oauth:token-type:${type}`
}

/** The parts of a request that its response must match. */
export interface GrantExpectation {
  readonly scope?: string | undefined
  /** Set for a token exchange. If the request names no type, the response can have an access token in any format. */
  readonly issuedTypes?: readonly string[]
}

/** Returns the types that a token exchange can issue. Without a request for a type, a JWT can be an access token. */
export function issuedTypes(requested: TokenType | undefined): string[] {
  const types: TokenType[] = requested === undefined ? ['access_token', 'jwt'] : [requested]
  return types.map(tokenTypeUrn)
}

/**
 * Returns why a response with a token cannot be used (RFC 8693 §2.2.1). Without `issued_token_type`, which some servers omit, the
 * token is treated as an access token.
 *
 * @param granted - The scope of the response.
 */
export function findGrantProblem(
  body: unknown,
  granted: string | undefined,
  { scope, issuedTypes: types }: GrantExpectation,
): keyof typeof GRANT_PROBLEMS | undefined {
  const issued = isJsonObject(body) ? body['issued_token_type'] : undefined
  const known = issued === undefined ? tokenTypeUrn('access_token') : issued
  if (types && !types.includes(known as string)) return 'issued_token_type_unexpected'
  return exceedsGrant(scope, granted) ? 'scope_not_granted' : undefined
}

/**
 * Whether an error of the token endpoint is about the grant. If not, it is about the client, which affects all requests.
 *
 * Keycloak returns `access_denied` if the client must not exchange tokens. Otherwise, that error is about a user.
 */
export function isAboutGrant(kind: string, error: string | undefined): boolean {
  if (kind === 'sign_in_required') return error === 'access_denied'
  return kind === 'rejected' || kind === 'refused' || (kind === 'misconfigured' && error !== 'invalid_client')
}

export const LESS_SCOPE =
  'the authorization server has granted less than `scope`. Change it, or allow it there.'

/** Why a token that a response has cannot be used. */
export const GRANT_PROBLEMS = {
  issued_token_type_unexpected: 'its `issued_token_type` is not the requested one',
  scope_not_granted: 'its `scope` is less than the requested one',
} as const

/** Returns the error for a failure of a grant, or `undefined` if the usual error fits. */
export function grantError(
  code: ErrorCode,
  cause: RedactedCause | undefined,
): ConfigurationError | undefined {
  const { error } = cause ?? {}
  const messages: Partial<Record<ErrorCode, string>> = {
    grant_refused: `the authorization server refuses the request${error ? ` (\`${error}\`)` : ''}. Check there that this client can use the grant, the audience and the scope.`,
    issued_token_type_unexpected:
      'its `issued_token_type` is not the requested one. Change `requestedTokenType`.',
    scope_not_granted: LESS_SCOPE,
  }
  const message = messages[code]
  return message === undefined
    ? undefined
    : new ConfigurationError(code as 'grant_refused', `Cannot get the token: ${message}`, { cause })
}
