import type { ReusePolicy } from '../../packages/core/src/rules/refresh/decide.ts'

export const serverNames = ['strict', 'grace', 'newest', 'tolerant'] as const

/**
 * `strict`: a second use ends the grant. `grace`: a second use within 10 seconds gives another pair, and both work.
 * `newest`: the same for 30 seconds, but only the newest pair works. `tolerant`: every refresh token works for ever.
 */
export type ServerName = (typeof serverNames)[number]

const GRACE_SECONDS = { strict: 0, grace: 10, newest: 30, tolerant: 0 }

export function policyOf(name: ServerName): ReusePolicy {
  if (name === 'strict' || name === 'tolerant') return name
  return { graceSeconds: GRACE_SECONDS[name] }
}

/** A refresh token at the authorization server. Its number is its place in the list. */
export interface IssuedToken {
  /** Seconds since its first use, or -1. */
  used: number
  isRevoked: boolean
  /** The number of the consent that it came from. */
  readonly grant: number
}

export interface Server {
  readonly name: ServerName
  /** By the number of the grant. */
  isGrantOver: boolean[]
  issued: IssuedToken[]
}

export function createServer(name: ServerName): Server {
  return { name, isGrantOver: [false], issued: [{ used: -1, isRevoked: false, grant: 0 }] }
}

const numberOf = (refreshToken: string) => Number(refreshToken.slice(1))

/** The user gives a grant. Returns its refresh token. */
export function giveGrant({ isGrantOver, issued }: Server): string {
  const grant = isGrantOver.push(false) - 1
  return `R${issued.push({ used: -1, isRevoked: false, grant }) - 1}`
}

export function grantNumberOf({ issued }: Server, refreshToken: string): number {
  return issued[numberOf(refreshToken)]?.grant ?? -1
}

/** Processes a token request. Returns the new refresh token, or `undefined` if the server refuses the old one. */
export function useRefreshToken(server: Server, refreshToken: string): string | undefined {
  const number = numberOf(refreshToken)
  const token = server.issued[number] as IssuedToken
  const { grant } = token
  if (server.isGrantOver[grant] || token.isRevoked) return undefined
  if (!allowsUse(server, number, token)) {
    if (server.name !== 'newest') server.isGrantOver[grant] = true
    return undefined
  }
  if (token.used < 0) token.used = 0
  return `R${server.issued.push({ used: -1, isRevoked: false, grant }) - 1}`
}

/** Whether the refresh token was used in the last second. */
export function wasJustUsed({ issued }: Server, refreshToken: string): boolean {
  const { used } = issued[numberOf(refreshToken)] as IssuedToken
  return used >= 0 && used <= 1
}

function allowsUse({ name, issued }: Server, number: number, { used, grant }: IssuedToken): boolean {
  if (name === 'tolerant') return true
  const isInGrace = used >= 0 && used <= GRACE_SECONDS[name]
  if (name === 'strict') return used < 0
  if (name === 'grace') return used < 0 || isInGrace
  const later = issued.slice(number + 1).filter((each) => each.grant === grant)
  // The one before the newest is the one whose use gave it.
  return later.length === 0 || (isInGrace && later.every((each) => each.used < 0))
}

/** Returns whether the server would give a new pair for this refresh token at any later time. */
export function accepts(server: Server, refreshToken: string | undefined): boolean {
  if (refreshToken === undefined) return false
  const number = numberOf(refreshToken)
  const { used, isRevoked, grant } = server.issued[number] as IssuedToken
  if (isRevoked || server.isGrantOver[grant]) return false
  if (server.name === 'tolerant') return true
  return (
    used < 0 &&
    (server.name !== 'newest' || number === server.issued.findLastIndex((each) => each.grant === grant))
  )
}

export function revoke(server: Server, refreshToken: string): void {
  const token = server.issued[numberOf(refreshToken)] as IssuedToken
  token.isRevoked = true
}

/** Returns after how many seconds the grace period of a used refresh token ends. */
export function graceLeft({ name, issued }: Server): number[] {
  return issued.filter(({ used }) => used >= 0).map(({ used }) => GRACE_SECONDS[name] + 1 - used)
}

export function letServerAge({ name, issued }: Server, seconds: number): void {
  const limit = GRACE_SECONDS[name] + 1
  for (const token of issued) if (token.used >= 0) token.used = Math.min(limit, token.used + seconds)
}
