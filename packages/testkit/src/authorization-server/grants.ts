import type { Clock } from '@evertoken/core'
import { randomText } from './base64url.ts'
import { Refusal } from './refusal.ts'

/**
 * Specifies how the server reacts when a refresh token is used a second time.
 *
 * - `strict`: The whole grant ends.
 * - `{ graceSeconds }`: Within that time, the server issues a sibling pair. Later, the whole grant ends. With the
 *   `limit` `previous token`, the time also ends when a successor is used. With `newest pair`, every response voids all
 *   tokens that the server issued before.
 * - `tolerant`: The token stays valid, and every refresh adds a new one.
 * - `no-rotation`: The grant keeps its first refresh token.
 */
export type ReuseProfile =
  | 'strict'
  | 'tolerant'
  | 'no-rotation'
  | { readonly graceSeconds: number; readonly limit?: 'previous token' | 'newest pair' }

/** A permission that a user has given to a client. */
export interface Grant {
  /** The identifier of the grant, for `server.grants`. */
  readonly id: string
  /** The client that has the grant. */
  readonly clientId: string
  /** The user who has given the grant. */
  readonly sub: string
  /** The granted scope, separated by spaces. */
  readonly scope: string
  /** The resources that the grant is for (RFC 8707). */
  readonly resource: readonly string[]
  /** The session at the authorization server. It is the claim `sid` of ID tokens and logout tokens. */
  readonly sid: string
  /** Seconds since the epoch. */
  readonly authTime: number
  /** The `nonce` of the authorization request. */
  readonly nonce?: string
  /** The authentication context of the sign-in. It is the claim `acr` of ID tokens. */
  readonly acr?: string
  /** More claims for the ID token. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export type GrantRequest = Omit<Grant, 'id' | 'sid'>
/** Why a grant has ended. `test`: the test ended it. */
export type EndReason = 'refresh token reuse' | 'code reuse' | 'revocation' | 'test'

export interface AccessToken {
  readonly grant: Grant
  readonly scope: string
  readonly resource: readonly string[]
  /** Request parameters that the server does not know, unchanged. */
  readonly extra: Readonly<Record<string, string>>
  readonly issuedAt: number
  readonly expiresAt: number
}

interface RefreshToken {
  readonly value: string
  readonly grant: Grant
  /** The token that was exchanged for this one. */
  readonly previous: RefreshToken | undefined
  spentAt?: number
  /** A successor of it was used. */
  outdated?: true
  void?: true
}

/** The state of one grant. It is kept per grant, so that no operation takes longer because there are other grants. */
interface GrantState {
  endReason?: EndReason
  /** Oldest first, without those that a newer pair voided. */
  refreshTokens: RefreshToken[]
  readonly accessTokens: Set<string>
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
  /** Throws `invalid_grant`; a spent token after its grace period also ends the grant. */
  checkRefreshToken(token: string, clientId: string): Grant
  /** Spends the token and returns its successor, or `undefined` where refresh tokens do not rotate. */
  rotate(token: string): string | undefined
  /** @param at - When the token must be valid, in seconds since the epoch. By default, now. */
  accessToken(token: string, at?: number): AccessToken | undefined
  revoke(token: string, clientId: string): void
  currentRefreshToken(grant: Grant): string | undefined
}

/** The model: every method is synchronous, so each one is atomic. */
export function createGrants(options: GrantsOptions): Grants {
  const { clock, reuse, refreshEndsAccessTokens, refreshTokenPrefix, accessTokenPrefix } = options
  const limit = typeof reuse === 'object' ? reuse.limit : undefined
  const states = new Map<Grant, GrantState>()
  /** Under its id and, if it is the newest one of its subject, under the subject. */
  const grants = new Map<string, Grant>()
  const refreshTokens = new Map<string, RefreshToken>()
  const accessTokens = new Map<string, AccessToken>()

  function stateOf(grant: Grant): GrantState {
    const state = states.get(grant)
    if (!state) throw new Error(`The grant '${grant.id}' was not opened by this server`)
    return state
  }

  const isAlive = (grant: Grant) => stateOf(grant).endReason === undefined

  function end(grant: Grant, reason: EndReason) {
    stateOf(grant).endReason ??= reason
  }

  function isReplay({ spentAt, outdated }: RefreshToken) {
    if (spentAt === undefined) return false
    if (limit === 'previous token' && outdated) return true
    return typeof reuse === 'string' || clock.now() - spentAt > reuse.graceSeconds
  }

  function issueRefreshToken(grant: Grant, previous?: RefreshToken) {
    const token = { value: refreshTokenPrefix + randomText(24), grant, previous }
    refreshTokens.set(token.value, token)
    stateOf(grant).refreshTokens.push(token)
    return token.value
  }

  function endAccessTokens(state: GrantState) {
    for (const value of state.accessTokens) accessTokens.delete(value)
    state.accessTokens.clear()
  }

  function spend(token: RefreshToken) {
    const state = stateOf(token.grant)
    if (reuse !== 'tolerant' && reuse !== 'no-rotation') token.spentAt ??= clock.now()
    if (token.previous) token.previous.outdated = true
    if (refreshEndsAccessTokens || limit === 'newest pair') endAccessTokens(state)
    if (limit !== 'newest pair') return
    for (const other of state.refreshTokens) if (other !== token) other.void = true
    state.refreshTokens = [token]
  }

  return {
    open(request) {
      const grant = { ...request, id: `grant-${states.size + 1}`, sid: randomText(12) }
      states.set(grant, { refreshTokens: [], accessTokens: new Set() })
      grants.set(grant.id, grant)
      grants.set(grant.sub, grant)
      return grant
    },
    find: (subOrId) => grants.get(subOrId),
    isAlive,
    endReason: (grant) => stateOf(grant).endReason,
    end,
    issueAccessToken(token, seconds) {
      const value = accessTokenPrefix + randomText(24)
      const issuedAt = clock.now()
      accessTokens.set(value, { ...token, issuedAt, expiresAt: issuedAt + seconds })
      stateOf(token.grant).accessTokens.add(value)
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
    accessToken(token, at = clock.now()) {
      const known = accessTokens.get(token)
      return known && isAlive(known.grant) && at < known.expiresAt ? known : undefined
    },
    revoke(token, clientId) {
      const known = refreshTokens.get(token)
      if (known?.grant.clientId === clientId) end(known.grant, 'revocation')
      if (accessTokens.get(token)?.grant.clientId === clientId) accessTokens.delete(token)
    },
    currentRefreshToken(grant) {
      if (!isAlive(grant)) return undefined
      return stateOf(grant).refreshTokens.findLast(({ spentAt }) => spentAt === undefined)?.value
    },
  }
}
