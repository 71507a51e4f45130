import { ConfigurationError, type RedactedCause } from '../../vocabulary/index.ts'
import { omitUndefined, isJsonObject } from '../members.ts'
import { readAuthorizationDetails } from './authorization-details.ts'
import { readGrantExpiry, readRefreshAt, readSeconds } from './lifetime-hints.ts'
import { splitScope } from '../../model/token-parameters.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'

const YEAR_SECONDS = 31_536_000
/** Longer than any session. The API decides when the token has expired. */
const UNTIL_SESSION_ENDS_SECONDS = 100 * YEAR_SECONDS

/** The lifetime of a token whose response does not specify one, in seconds, unless the server profile has another. */
export const DEFAULT_LIFETIME_SECONDS = 300

/** How the token responses of a server are read. */
export interface TokenResponseRules {
  /** The lifetime of a token whose response does not specify one. */
  readonly defaultTokenLifetimeSeconds: number
  /** Values of `token_type` that mean Bearer, in addition to it. */
  readonly tokenTypes: readonly string[]
  /** The header that carries the token, if it is not `Authorization: Bearer`. */
  readonly tokenHeader?: StoredToken['header']
  /** Whether the response starts a session. Without a refresh token, the token then lasts until the session ends. */
  readonly isSignIn?: boolean | undefined
  /** Whether the token must be bound to a key, with the type DPoP. */
  readonly isBound?: boolean | undefined
  /** Whether an access token shows that it is not bound to the certificate of the client. Absent if it need not be. */
  readonly isUnbound?: ((token: string) => boolean) | undefined
  /** Whether the token can be one that is not an access token (RFC 8693 §2.2.1). It is not bound. */
  readonly allowsOther?: boolean | undefined
}

/**
 * Reads a token response (RFC 6749 §5.1) leniently: Evertoken ignores a malformed member and keeps the others.
 *
 * @param time - When the request was sent. The lifetime starts there.
 * @param rules - If the response specifies no lifetime, a refresh at every call or a sign-in every few minutes would be
 *   worse than a token that the API rejects.
 * @returns `undefined` if the body is not a JSON object.
 */
export function readTokenResponse(
  body: unknown,
  time: Pick<StoredToken, 'obtainedAt' | 'ahead'>,
  { defaultTokenLifetimeSeconds, tokenTypes, tokenHeader, isSignIn = false, ...rules }: TokenResponseRules,
): TokenGrant | undefined {
  if (!isJsonObject(body)) return undefined
  const value = readText(body['access_token'])
  const refreshToken = readText(body['refresh_token'])
  const idToken = readText(body['id_token'])
  // Bitbucket and HubSpot have another name for it.
  const scope = readScope(body['scope'] ?? body['scopes'])
  const isToken = value !== undefined && isTokenText(value)
  const isOther = rules.allowsOther === true && String(body['token_type']).toUpperCase() === NOT_ACCESS_TOKEN
  const isBound = rules.isBound === true && !isOther
  const unknownType =
    isToken && !isOther
      ? (unknownTokenType(body['token_type'], tokenTypes, isBound) ??
        (rules.isUnbound?.(value) ? NOT_CERTIFIED : undefined))
      : undefined
  const usable = isToken && unknownType === undefined
  const lasts = isSignIn && refreshToken === undefined
  // JSON has no infinite number.
  const unknownSeconds = lasts
    ? UNTIL_SESSION_ENDS_SECONDS
    : Math.min(defaultTokenLifetimeSeconds, UNTIL_SESSION_ENDS_SECONDS)
  const expiresAt = time.obtainedAt + (lifetimeSeconds(body['expires_in']) ?? unknownSeconds)
  const { refresh_in: refreshIn, authorization_details: details } = body
  const accessToken = usable
    ? omitUndefined({
        value,
        type: isBound ? 'DPoP' : 'Bearer',
        header: isBound ? undefined : tokenHeader,
        ...time,
        expiresAt,
        refreshAt: readRefreshAt(refreshIn, { obtainedAt: time.obtainedAt, expiresAt }),
        scope,
        authorizationDetails: readAuthorizationDetails(details),
      })
    : undefined
  // Keycloak reports the lifetime of a refresh token that a sign-in does not return.
  const grantExpiry = isSignIn && refreshToken === undefined ? undefined : readGrantExpiry(body, time)
  return omitUndefined({ accessToken, unknownType, refreshToken, scope, idToken, grantExpiry })
}

/**
 * Returns a lifetime in whole seconds, from 1 second to a year.
 *
 * @returns `undefined` if the value is missing, malformed or not positive.
 */
export function lifetimeSeconds(expiresIn: unknown): number | undefined {
  const seconds = readSeconds(expiresIn)
  return seconds && Math.min(Math.max(Math.floor(seconds), 1), YEAR_SECONDS)
}

/** Returns a scope with its values separated by single spaces. Some servers separate them by commas, or send a list. */
function readScope(value: unknown): string | undefined {
  const text: unknown = Array.isArray(value)
    ? value.filter((each) => typeof each === 'string').join(' ')
    : value
  return typeof text === 'string' ? readText(splitScope(text).join(' ')) : undefined
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Whether a text can be a token: visible ASCII (RFC 6749 appendix A.12) without space.
 *
 * RFC 6750 §2.1 allows fewer characters, but many servers use others. Characters that could end a header are refused.
 */
export function isTokenText(value: string): boolean {
  return /^[!-~]+$/.test(value)
}

/** Matches names of token types. A server can put any text into its response, so a message contains no other text. */
const SHOWN = /^[A-Za-z_-]{1,20}$/

/** The `token_type` of a token that is not an access token (RFC 8693 §2.2.1). */
const NOT_ACCESS_TOKEN = 'N_A'

/** The result of `unknownTokenType` for a token that is not bound, although a proof was sent. */
export const NOT_BOUND = 'not DPoP'

/** The name of a type of token that is not bound to the certificate of the client, although it was requested with one. */
export const NOT_CERTIFIED = 'not bound to the certificate'

/**
 * Returns a `token_type` that does not mean Bearer, for a message. Some servers omit the type, although RFC 6749 §5.1
 * requires it.
 *
 * @param tokenTypes - Further values that mean Bearer. Upper and lower case are equal (RFC 6749 §5.1).
 * @param isBound - Whether only DPoP is accepted. A missing type means Bearer, so it is not.
 * @returns `undefined` if the type is accepted.
 */
export function unknownTokenType(
  type: unknown,
  tokenTypes: readonly string[],
  isBound?: boolean,
): string | undefined {
  if (isBound) return String(type).toLowerCase() === 'dpop' ? undefined : NOT_BOUND
  if (type === undefined || type === null || type === '') return undefined
  if (typeof type !== 'string') return 'not a string'
  const name = type.toLowerCase()
  // A token that is bound is never sent as Bearer.
  if (name === 'bearer') return undefined
  if (name !== 'dpop' && tokenTypes.some((each) => each.toLowerCase() === name)) return undefined
  return SHOWN.test(type) ? `"${type}"` : 'not printable'
}

/** Whether the fault of a token type is that the token is not bound to the client. */
export function isUnboundType(shownType: string): boolean {
  return shownType === NOT_BOUND || shownType === NOT_CERTIFIED
}

/** What to change after a token response with an unknown `token_type`. */
export const TOKEN_TYPE_REMEDY = 'If it means Bearer, add it to `server.tokenTypes`.'

/**
 * Creates the error for a token response whose `token_type` is unknown. A retry cannot help.
 *
 * @param what - The operation that failed.
 * @param shownType - From `unknownTokenType`.
 * @param cause - The response, if Evertoken has received it.
 */
export function tokenTypeError(what: string, shownType: string, cause?: RedactedCause): ConfigurationError {
  if (isUnboundType(shownType)) {
    const message = `Cannot ${what}: the token is not bound to this client. Enable bound tokens at the authorization server.`
    return new ConfigurationError('sender_constraint_refused', message, { cause })
  }
  const message = `Cannot ${what}: the \`token_type\` of the token response is ${shownType} and not Bearer. ${TOKEN_TYPE_REMEDY}`
  return new ConfigurationError('token_response_malformed', message, { cause })
}
