import type { EndReason, Grant } from './grants.ts'
import type { World } from './model.ts'

/** An introspection response (RFC 7662 section 2.2), and the extra parameters of the token request. */
export interface Introspection {
  readonly active: boolean
  readonly sub?: string
  readonly client_id?: string
  readonly scope?: string
  readonly iss?: string
  /** The `resource` parameters. */
  readonly aud?: readonly string[]
  readonly iat?: number
  readonly exp?: number
  readonly extra?: Readonly<Record<string, string>>
}

/** A grant is named by its id, or by a subject, which means that subject's newest grant. */
export interface GrantInspector {
  find(subOrId: string): Grant | undefined
  alive(subOrId: string): boolean
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
