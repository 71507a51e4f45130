import { nextRejections } from './rejected-token.ts'
import { type TimeReading, timeFor } from './freshness.ts'
import type { StoredToken } from './stored-token.ts'

/** Access tokens by token key, least recently used first. */
export type StoredTokens = Readonly<Record<string, StoredToken>>

/** What decides which tokens stay when a new one comes. */
export interface TokenCapacity {
  /** How many bytes a session may take as JSON. A cookie holds few; a store has no limit. */
  readonly maxRecordBytes: number
  /** Orders keys by their last use. `0` for a key that was not used in this process. */
  readonly lastUse: (key: string) => number
}

export const UNLIMITED: TokenCapacity = { maxRecordBytes: Infinity, lastUse: () => 0 }

/** At this many, the least recently used one makes room. */
export const MAX_TOKENS = 32

const encoder = new TextEncoder()

/**
 * Adds a token. Tokens that have expired go, then the least recently used ones until all fit.
 *
 * The new token always stays, and the token of the sign-in (the empty key) goes last.
 *
 * @param time - What time it is.
 * @param lastUse - As in `TokenCapacity`.
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
    // Stable: keys that this process did not use keep the order in which others used them.
    .toSorted(([a], [b]) => rank(a) - rank(b))
  let [count, bytes] = [1, jsonBytes({ [key]: token })]
  let first = others.length
  for (; first > 0 && count < MAX_TOKENS; first--, count++) {
    const [other, each] = others[first - 1] as [string, StoredToken]
    bytes += jsonBytes({ [other]: each })
    if (bytes > maxBytes) break
  }
  return Object.fromEntries([...others.slice(first), [key, token]])

  function rank(other: string): number {
    return other === '' ? Infinity : lastUse(other)
  }
}

/** Returns how many bytes a value takes as JSON. */
export function jsonBytes(value: object): number {
  return encoder.encode(JSON.stringify(value)).length
}

/**
 * Returns the count of rejections for the token that takes the place of another.
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
