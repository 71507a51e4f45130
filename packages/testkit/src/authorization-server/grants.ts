import type { Clock } from '@evertoken/core'
import { randomText } from './base64url.ts'
import { Refusal } from './refusal.ts'

/**
 * What the server does with a refresh token that was used before.
 *
 * - `strict`: the whole grant ends.
 * - `{ graceSeconds }`: within that time it answers with a sibling pair, after it the whole grant ends. With `limit`
 *   `previous token` no longer than until a successor is used; with `newest pair` every answer voids all tokens that
 *   were given before it.
 * - `tolerant`: it stays valid, and every refresh adds a new one.
 * - `no-rotation`: the first one is the only one.
 */
export type ReuseProfile =
  | 'strict'
  | 'tolerant'
  | 'no-rotation'
  | { readonly graceSeconds: number; readonly limit?: 'previous token' | 'newest pair' }

export interface Grant {
  readonly id: string
  readonly clientId: string
  readonly sub: string
  readonly scope: string
  readonly resource: readonly string[]
  readonly sid: string
  /** Seconds since the epoch. */
  readonly authTime: number
  readonly nonce?: string
  readonly acr?: string
  /** More claims for the ID token. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export type GrantRequest = Omit<Grant, 'id' | 'sid'>
export type EndReason = 'refresh token reuse' | 'code reuse' | 'revocation' | 'test'

export interface AccessToken {
  readonly grant: Grant
  readonly scope: string
  readonly resource: readonly string[]
  /** Request parameters the server does not know, as they came. */
  readonly extra: Readonly<Record<string, string>>
  readonly issuedAt: number
  readonly expiresAt: number
}

interface RefreshToken {
  readonly grant: Grant
  /** The one that was used to get it. */
  readonly previous: RefreshToken | undefined
  spentAt?: number
  /** A successor of it was used. */
  outdated?: true
  void?: true
}

export interface GrantsOptions {
  readonly clock: Clock
  readonly reuse: ReuseProfile
  readonly refreshEndsAccessTokens: boolean
  readonly refreshTokenPrefix: string
  readonly accessTokenPrefix: string
}

export interface Grants {
  open(request: GrantRequest): Grant
  /** The newest grant of a subject, or the grant with that id. */
  find(subOrId: string): Grant | undefined
  isAlive(grant: Grant): boolean
  endReason(grant: Grant): EndReason | undefined
  end(grant: Grant, reason: EndReason): void
  issueAccessToken(token: Omit<AccessToken, 'issuedAt' | 'expiresAt'>, seconds: number): string
  issueRefreshToken(grant: Grant): string
  /** Throws `invalid_grant`; a spent token past its grace ends the grant on the way. */
  checkRefreshToken(token: string, clientId: string): Grant
  /** Spends the token and returns its successor, or `undefined` where refresh tokens do not rotate. */
  rotate(token: string): string | undefined
  accessToken(token: string): AccessToken | undefined
  revoke(token: string, clientId: string): void
  currentRefreshToken(grant: Grant): string | undefined
}

/** The model: every method is synchronous, so each one is atomic. */
export function createGrants(options: GrantsOptions): Grants {
  const { clock, reuse, refreshEndsAccessTokens, refreshTokenPrefix, accessTokenPrefix } = options
  const limit = typeof reuse === 'object' ? reuse.limit : undefined
  const all: Grant[] = []
  const ended = new Map<Grant, EndReason>()
  const refreshTokens = new Map<string, RefreshToken>()
  const accessTokens = new Map<string, AccessToken>()

  const isAlive = (grant: Grant) => !ended.has(grant)

  function end(grant: Grant, reason: EndReason) {
    if (isAlive(grant)) ended.set(grant, reason)
  }

  function isReplay({ spentAt, outdated }: RefreshToken) {
    if (spentAt === undefined) return false
    if (limit === 'previous token' && outdated) return true
    return typeof reuse === 'string' || clock.now() - spentAt > reuse.graceSeconds
  }

  function issueRefreshToken(grant: Grant, previous?: RefreshToken) {
    const token = refreshTokenPrefix + randomText(24)
    refreshTokens.set(token, { grant, previous })
    return token
  }

  function endAccessTokens(grant: Grant) {
    for (const [value, token] of accessTokens) if (token.grant === grant) accessTokens.delete(value)
  }

  /** Makes a token the one that counts: there is no way back behind it. */
  function spend(token: RefreshToken) {
    if (reuse !== 'tolerant' && reuse !== 'no-rotation') token.spentAt ??= clock.now()
    if (token.previous) token.previous.outdated = true
    if (refreshEndsAccessTokens || limit === 'newest pair') endAccessTokens(token.grant)
    if (limit !== 'newest pair') return
    for (const other of refreshTokens.values()) {
      if (other.grant === token.grant && other !== token) other.void = true
    }
  }

  return {
    open(request) {
      const grant = { ...request, id: `grant-${all.length + 1}`, sid: randomText(12) }
      all.push(grant)
      return grant
    },
    find: (subOrId) => all.findLast((grant) => grant.id === subOrId || grant.sub === subOrId),
    isAlive,
    endReason: (grant) => ended.get(grant),
    end,
    issueAccessToken(token, seconds) {
      const value = accessTokenPrefix + randomText(24)
      const issuedAt = clock.now()
      accessTokens.set(value, { ...token, issuedAt, expiresAt: issuedAt + seconds })
      return value
    },
    issueRefreshToken: (grant) => issueRefreshToken(grant),
    checkRefreshToken(token, clientId) {
      const known = refreshTokens.get(token)
      if (known && !known.void && known.grant.clientId === clientId && isReplay(known))
        end(known.grant, 'refresh token reuse')
      if (!known || known.void || known.grant.clientId !== clientId || !isAlive(known.grant)) {
        throw new Refusal('invalid_grant', 'The refresh token is not valid')
      }
      return known.grant
    },
    rotate(token) {
      const known = refreshTokens.get(token)
      if (!known) return undefined
      spend(known)
      return reuse === 'no-rotation' ? undefined : issueRefreshToken(known.grant, known)
    },
    accessToken(token) {
      const known = accessTokens.get(token)
      return known && isAlive(known.grant) && clock.now() < known.expiresAt ? known : undefined
    },
    revoke(token, clientId) {
      const known = refreshTokens.get(token)
      if (known?.grant.clientId === clientId) end(known.grant, 'revocation')
      if (accessTokens.get(token)?.grant.clientId === clientId) accessTokens.delete(token)
    },
    currentRefreshToken(grant) {
      if (!isAlive(grant)) return undefined
      const unspent = [...refreshTokens].filter(
        ([, known]) => known.grant === grant && known.spentAt === undefined && !known.void,
      )
      return unspent.at(-1)?.[0]
    },
  }
}
