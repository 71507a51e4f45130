import type { EndReason, Grant } from './grants.ts'
import type { World } from './model.ts'

/** An introspection response (RFC 7662 section 2.2), and the extra parameters of the token request. */
export interface Introspection {
  /** Whether the token is valid. */
  readonly active: boolean
  /** The user who has given the grant. */
  readonly sub?: string
  /** The client that the token was issued to. */
  readonly client_id?: string
  /** The scope of the token, separated by spaces. */
  readonly scope?: string
  /** The issuer of the token. */
  readonly iss?: string
  /** The `resource` parameters. */
  readonly aud?: readonly string[]
  /** When the token was issued, in seconds since the epoch. */
  readonly iat?: number
  /** When the token expires, in seconds since the epoch. */
  readonly exp?: number
  /** The extra parameters of the token request. */
  readonly extra?: Readonly<Record<string, string>>
}

/** A grant is named by its id, or by a subject, which means that subject's newest grant. */
export interface GrantInspector {
  /** Returns the grant, or `undefined` if there is none. */
  find(subOrId: string): Grant | undefined
  /**
   * Returns whether the grant can still be refreshed.
   *
   * @throws {Error} If the grant does not exist.
   */
  alive(subOrId: string): boolean
  /**
   * Returns why the grant ended, or `undefined` if it has not ended.
   *
   * @throws {Error} If the grant does not exist.
   */
  endReason(subOrId: string): EndReason | undefined
  /** The newest refresh token that was not used yet. */
  currentRefreshToken(subOrId: string): string | undefined
  /** Ends it, as an operator would. */
  end(subOrId: string): void
}

export function introspect({ grants, issuer }: World, token: string, at?: number): Introspection {
  const known = grants.accessToken(token, at)
  if (!known) return { active: false }
  const { grant, scope, resource, extra, issuedAt, expiresAt } = known
  const { sub, clientId } = grant
  return {
    active: true,
    sub,
    client_id: clientId,
    scope,
    iss: issuer(),
    aud: resource,
    iat: issuedAt,
    exp: expiresAt,
    extra,
  }
}

export function inspectGrants({ grants }: World): GrantInspector {
  function known(subOrId: string): Grant {
    const grant = grants.find(subOrId)
    if (!grant) throw new Error(`Cannot find a grant of '${subOrId}'`)
    return grant
  }
  return {
    find: (subOrId) => grants.find(subOrId),
    alive: (subOrId) => grants.isAlive(known(subOrId)),
    endReason: (subOrId) => grants.endReason(known(subOrId)),
    currentRefreshToken: (subOrId) => grants.currentRefreshToken(known(subOrId)),
    end: (subOrId) => grants.end(known(subOrId), 'test'),
  }
}
