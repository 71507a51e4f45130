import type { GrantExpiry } from '../../model/grant-expiry.ts'
import type { StoredToken } from '../../model/stored-tokens.ts'
import type { UserClaims } from '../../model/token-grant.ts'

/** Members of a token response with the lifetime of its refresh token. Keycloak reports 0 if it never ends. */
const LIFETIMES = [
  'refresh_token_expires_in',
  'refresh_expires_in',
  'x_refresh_token_expires_in',
  'x_refresh_token_hard_expires_in',
]

/** A lifetime that is longer than any session has no effect. */
const MAX_SECONDS = 3_155_760_000

/** A hint that is shorter than this part of a lifetime would cause a refresh at almost every call. */
const MIN_REFRESH_FRACTION = 0.1

type Body = Readonly<Record<string, unknown>>

/** Returns a number of seconds. `undefined` if the value is missing, malformed or not positive. */
export function readSeconds(value: unknown): number | undefined {
  const isNumeric = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value)
  const seconds = isNumeric ? Number(value) : value
  return typeof seconds === 'number' && seconds > 0 ? seconds : undefined
}

/**
 * Returns when the grant ends. If several members report it, the earliest end applies.
 *
 * @param time - When the request was sent. The lifetime starts there.
 */
export function readGrantExpiry(
  body: Body,
  { obtainedAt, ahead }: Pick<StoredToken, 'obtainedAt' | 'ahead'>,
): GrantExpiry | undefined {
  let shortest: number | undefined
  for (const name of LIFETIMES) {
    const seconds = readSeconds(body[name])
    if (seconds !== undefined) shortest = Math.min(seconds, shortest ?? seconds)
  }
  if (shortest === undefined) return undefined
  const lifetime = Math.min(Math.max(1, Math.floor(shortest)), MAX_SECONDS)
  return { at: Math.floor(obtainedAt + lifetime), lifetime, ...(ahead !== undefined && { ahead }) }
}

/**
 * Returns the claim `session_expiry` of a verified ID token: when the session at the server ends, by the wall clock of this
 * process.
 *
 * @param time - When the request was sent, if it has brought an access token. An end before that is not credible.
 */
export function readSessionExpiry(
  claims: UserClaims = {},
  { obtainedAt, ahead = 0 }: Pick<StoredToken, 'obtainedAt' | 'ahead'> = { obtainedAt: Infinity },
): number | undefined {
  const seconds = readSeconds(claims['session_expiry'])
  return seconds !== undefined && seconds > obtainedAt ? seconds - ahead : undefined
}

/** Returns when the background refresh of a token starts, if the member `refresh_in` is a time within its lifetime. */
export function readRefreshAt(
  refreshIn: unknown,
  { obtainedAt, expiresAt }: Pick<StoredToken, 'obtainedAt' | 'expiresAt'>,
): number | undefined {
  const seconds = readSeconds(refreshIn)
  const lifetime = expiresAt - obtainedAt
  if (seconds === undefined || seconds >= lifetime) return undefined
  return obtainedAt + Math.max(seconds, lifetime * MIN_REFRESH_FRACTION)
}
