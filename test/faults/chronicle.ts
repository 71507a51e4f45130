import type { Clock, EvertokenEvent } from '@evertoken/core'
import { isBroken, type OwnerRecord } from './records.ts'

/** Everything that is seen from outside in one run, in order. */
export interface Chronicle {
  readonly commits: Commit[]
  readonly sends: Send[]
  readonly calls: Call[]
  readonly told: Told[]
  readonly requests: WireRequest[]
  readonly storeTroubles: (Moment & { readonly instance: number })[]
  /** Texts that must not contain a secret: logs, headers, pages, printed errors. */
  readonly texts: { readonly where: string; readonly text: string }[]
  /** Whose token it is, for each that the authorization server gave. */
  readonly owners: Map<string, string>
  /** When each access token expires, in seconds of true time. */
  readonly expiries: Map<string, number>
  moment(): Moment
}

export interface Moment {
  /** Counts what happens: of two moments, which was first. */
  readonly order: number
  /** Virtual milliseconds. */
  readonly time: number
}

/** The new content of the store. */
export interface Commit extends Moment {
  readonly key: string
  readonly instance: number
  readonly record: OwnerRecord | undefined
}

/** A refresh token that was sent to the authorization server. */
export interface Send extends Moment {
  readonly instance: number
  readonly refreshToken: string
  /** The part of the response that the client could read. Absent if none came. */
  answer?: Answer
  /** The client was notified that none will come. */
  failed?: true
  /** The sender was killed or stopped before it could use the response. */
  orphaned?: true
  /** The client had sent it before another process sent the token again. */
  readonly held?: true
  /** Whether the authorization server has spent the token for this request. */
  spent: boolean
}

export interface Answer extends Moment {
  readonly kind: 'rotated' | 'renewed' | 'rejected' | 'refused' | 'unknown'
  readonly refreshToken?: string
}

export interface Call {
  readonly instance: number
  readonly sub: string
  readonly probe: boolean
  /** A cookie from before the newest. */
  readonly stale: boolean
  readonly began: Moment
  ended?: Moment
  result?: Result
}

export type Result =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'sign_in' }
  | { readonly kind: 'error'; readonly code: string; readonly retryAfterSeconds?: number }
  | { readonly kind: 'aborted' }
  /** The resource server did not take the token, nor the one after it. */
  | { readonly kind: 'refused' }

export interface Told extends Moment {
  readonly instance: number
  readonly event: EvertokenEvent
}

/** All requests that were sent. */
export interface WireRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: string
  /** Who sent it, and when. Only in virtual time. */
  readonly instance?: number
  readonly time?: number
}

export function createChronicle(time: Pick<Clock, 'elapsed'>): Chronicle {
  let order = 0
  return {
    commits: [],
    sends: [],
    calls: [],
    told: [],
    requests: [],
    storeTroubles: [],
    texts: [],
    owners: new Map(),
    expiries: new Map(),
    moment: () => ({ order: (order += 1), time: time.elapsed() }),
  }
}

/** The first commit with which a grant is over. If a late response repairs it, it was not. */
export function overOf({ commits }: Chronicle, key: string): Commit | undefined {
  const own = commits.filter((commit) => commit.key === key)
  const works = own.findLastIndex(({ record }) => record && !record.ended && !isBroken(record))
  return (
    own.find(({ record }) => !record || record.ended) ??
    own.slice(works + 1).find(({ record }) => isBroken(record))
  )
}

export function newestOf({ commits }: Chronicle, key: string, before = Infinity): OwnerRecord | undefined {
  return commits.findLast((commit) => commit.key === key && commit.order < before)?.record
}
