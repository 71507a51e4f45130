import type { AuthorizationDetail } from '../vocabulary/index.ts'
import type { ProofKey } from './proof-key.ts'
import { timeFor, type TimeReading } from './time-reading.ts'
import { hasScopeOf } from './token-parameters.ts'

/** Access tokens by token key, least recently used first. */
export type StoredTokens = Readonly<Record<string, StoredToken>>

/** The limits that decide which tokens are kept when a new one is added. */
export interface TokenCapacity {
  /** How many bytes all tokens may take as JSON. A cookie holds few; a store has no limit. */
  readonly maxTokenBytes: number
  /** Orders keys by their last use. `0` for a key that was not used in this process. */
  readonly lastUse: (key: string) => number
}

export const UNLIMITED: TokenCapacity = { maxTokenBytes: Infinity, lastUse: () => 0 }

/**
 * The maximum number of bytes that the first refresh adds to a record as JSON. They hold the origin and the end of the new refresh
 * token, a doubt and a count of rejections. A session must have room for them when it starts. Otherwise, no refresh
 * would reach the browser.
 */
export const REFRESH_BYTES = 240

/**
 * At this number, the least recently used token is removed. An application that calls 40 APIs in turn keeps all their
 * tokens, in addition to that of the sign-in.
 */
export const MAX_TOKENS = 64

const encoder = new TextEncoder()

/**
 * Adds a token. Expired tokens are removed first, then the least recently used ones until all fit.
 *
 * The new token is always kept, and the token of the sign-in (the empty key) is removed last.
 *
 * @param time - The current time.
 * @param lastUse - Same as in `TokenCapacity`.
 * @param maxBytes - How many bytes all tokens may take as JSON.
 */
export function withToken(
  tokens: StoredTokens,
  key: string,
  token: StoredToken,
  time: TimeReading,
  lastUse: TokenCapacity['lastUse'] = UNLIMITED.lastUse,
  maxBytes: number = Infinity,
): StoredTokens {
  const others = Object.entries(tokens)
    .filter(([other, each]) => other !== key && each.expiresAt > timeFor(each, time))
    // The sort is stable: keys that this process did not use keep their order of use by other processes.
    .toSorted(([a], [b]) => rank(a) - rank(b))
  const isLimited = maxBytes < Infinity
  let [count, bytes] = [1, isLimited ? jsonBytes({ [key]: token }) : 0]
  let first = others.length
  for (; first > 0 && count < MAX_TOKENS; first--, count++) {
    const [other, each] = others[first - 1] as [string, StoredToken]
    if (isLimited) bytes += jsonBytes({ [other]: each })
    if (bytes > maxBytes) break
  }
  return Object.fromEntries([...others.slice(first), [key, token]])

  function rank(other: string): number {
    return other === '' ? Infinity : lastUse(other)
  }
}

/**
 * Returns the tokens that can be used for a token key, the best one first: the token of that key, and then those for the
 * same resource and parameters that have more scope.
 */
export function heldTokens(tokens: StoredTokens, key: string): StoredToken[] {
  const own = tokens[key]
  const found = own ? [own] : []
  // Most requests have no scope, and must cost nothing.
  if (key === '' || key.startsWith('\n')) return found
  for (const [other, token] of Object.entries(tokens))
    if (other !== key && hasScopeOf(key, other, token.scope)) found.push(token)
  return found
}

/** Returns how many bytes a value takes as JSON. */
export function jsonBytes(value: object): number {
  return encoder.encode(JSON.stringify(value)).length
}

/**
 * Returns the count of rejections for a token that replaces another.
 *
 * @param rejected - The value of the token that an API rejected, if that caused the refresh.
 */
export function rejectionsAfter(
  replaced: StoredToken | undefined,
  rejected: string | undefined,
  time: TimeReading,
): number | undefined {
  if (!replaced) return undefined
  const { rejections = 0, obtainedAt, expiresAt } = replaced
  if (replaced.value !== rejected) return replaced.rejections
  return nextRejections(rejections, timeFor(replaced, time) - obtainedAt, expiresAt - obtainedAt)
}

/**
 * The header that carries an access token to an API.
 *
 * @example
 *   const tokenHeader = { name: 'X-Shopify-Access-Token' }
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750, section 2.1: Authorization Request Header Field}
 */
export interface TokenHeader {
  /**
   * The name of the header.
   *
   * @default 'Authorization'
   */
  readonly name?: string
  /**
   * The text before the token, with its space.
   *
   * @default ''
   */
  readonly prefix?: string
}

/** An access token in the session. Times are seconds since the epoch. */
export interface StoredToken {
  readonly value: string
  /** How the token is sent, such as `Bearer`. */
  readonly type: string
  /** The header that carries it, if it is not `Authorization` with the type. */
  readonly header?: TokenHeader | undefined
  /** When its request was sent. */
  readonly obtainedAt: number
  readonly expiresAt: number
  /** When the server advises a refresh. It replaces the start of the soft window. */
  readonly refreshAt?: number | undefined
  /**
   * By how many seconds the authorization server's clock was ahead of the writer's. If it is present, both times are by
   * the server's clock. If it is absent, they are by the writer's wall clock.
   */
  readonly ahead?: number | undefined
  readonly scope?: string | undefined
  /** The permissions with details that were granted (RFC 9396). */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /** The key that the token is bound to, if its ledger has none for all tokens. */
  readonly proofKey?: ProofKey | undefined
  /** The number of its refresh attempt, or 0 for the sign-in. */
  readonly attempt: number
  /** How many of its predecessors an API rejected in a row. */
  readonly rejections?: number | undefined
}

const MAX_WAIT_SECONDS = 1800
const FIRST_WAIT_SECONDS = 10
/** If a token worked for longer than this, its rejection starts a new count. */
const SETTLED_SECONDS = 60

/**
 * Returns how old a token must be before its rejection by an API causes a refresh, in seconds.
 *
 * After the first two rejections in a row, Evertoken gets a new token immediately. An API that rejects every token
 * then causes few refreshes. The wait grows from 10 seconds by the factor 4, to 30 minutes or half a lifetime.
 *
 * @param rejections - How many predecessors of the token were rejected in a row.
 * @param lifetimeSeconds - How long the token is valid in total.
 */
export function rejectionWaitSeconds(rejections: number, lifetimeSeconds: number): number {
  if (rejections < 2) return 0
  return Math.min(FIRST_WAIT_SECONDS * 4 ** (rejections - 2), MAX_WAIT_SECONDS, lifetimeSeconds / 2)
}

/**
 * Returns the rejection count of the token that replaces a rejected one.
 *
 * @param ageSeconds - How old the rejected token was.
 */
export function nextRejections(rejections: number, ageSeconds: number, lifetimeSeconds: number): number {
  const settledSeconds = Math.max(SETTLED_SECONDS, 2 * rejectionWaitSeconds(rejections, lifetimeSeconds))
  return ageSeconds > settledSeconds ? 1 : rejections + 1
}
