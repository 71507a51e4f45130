import type { ConnectionRecord } from '../../model/connection-record.ts'

/**
 * The name of a list of connections: the week of their last refresh, and a shard. There are 64 shards, so that no list has too many
 * entries, and few of them are read for a week.
 */
export type ListingName = string

/** The place of a connection in the lists. */
export interface ListingPosition {
  readonly name: ListingName
  /** The key of the connection. Empty for the start of the list. */
  readonly key: string
}

const WEEK_SECONDS = 604_800
/** The clocks of processes differ by less, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 86_400

/** Returns when the refresh token was used last, as far as the record shows, in seconds since the epoch. */
export function lastRefreshOf({ connectedAt, ledger }: ConnectionRecord): number {
  return Math.max(connectedAt, ...Object.values(ledger.tokens).map(({ obtainedAt }) => obtainedAt))
}

/** Returns the list of a connection. `undefined` if a refresh is of no use: no list must have it. */
export function listingOf(record: ConnectionRecord): ListingName | undefined {
  const { id, ended, broken, ledger } = record
  const isRefused = broken !== undefined && !broken.isTemporary
  if (ended || isRefused || ledger.refreshToken === undefined) return undefined
  // The key is a hash in base64url, so each of the 64 characters is equally probable.
  return `${weekOf(lastRefreshOf(record))}~${id.slice(0, 1)}`
}

/**
 * Returns the lists that can have connections whose last refresh was before a time. The oldest is first.
 *
 * @param limit - Seconds since the epoch.
 */
export function dueListings(names: readonly ListingName[], limit: number): ListingName[] {
  return names
    .filter((name) => weekOfListing(name) <= weekOf(limit))
    .toSorted((a, b) => compareListings({ name: a, key: '' }, { name: b, key: '' }))
}

/** Compares two places in the order in which a run visits them: by week, by shard, and by key. */
export function compareListings(a: ListingPosition, b: ListingPosition): number {
  const weeks = weekOfListing(a.name) - weekOfListing(b.name)
  return weeks || compareText(a.name, b.name) || compareText(a.key, b.key)
}

/** Returns the place that a run visits first. */
export function firstListing(
  a: ListingPosition | undefined,
  b: ListingPosition | undefined,
): ListingPosition | undefined {
  return a && b ? (compareListings(a, b) <= 0 ? a : b) : (a ?? b)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Whether the week of a list is over for all processes, so that no refresh adds a connection to it. */
export function isListingOver(name: ListingName, now: number): boolean {
  return weekOfListing(name) < weekOf(now - CLOCK_TOLERANCE_SECONDS)
}

function weekOf(seconds: number): number {
  return Math.floor(seconds / WEEK_SECONDS)
}

function weekOfListing(name: ListingName): number {
  return Number.parseInt(name, 10)
}
