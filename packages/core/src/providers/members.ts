import type { UserInfoProfile } from '../mechanisms/protocol/user-info.ts'
import type { ServerDialect } from '../ports/dialect.ts'

/**
 * A function of a preset. It is created once and not at each call of the preset, because Evertoken compares functions by identity
 * when an application loads a registration again.
 */
export type ReadClaims = NonNullable<UserInfoProfile['claims']>
/** The same for a token response. */
export type ReadTokenResponse = NonNullable<ServerDialect['readTokenResponse']>

/** Returns a member that is an object. Returns an empty object if it is something else. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value) as Readonly<Record<string, unknown>>
}

/** Returns one ID of two that only together identify a user. Returns `undefined` if one of them is missing. */
export function pairOf(first: unknown, second: unknown): string | undefined {
  return first && second ? `${first as string}:${second as string}` : undefined
}
