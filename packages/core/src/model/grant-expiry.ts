import { timeFor, type TimeReading } from './time-reading.ts'

/** When the grant of a refresh token ends, if the server has reported it. Times are in seconds. */
export interface GrantExpiry {
  /** Seconds since the epoch: by the server's clock if `ahead` is set, otherwise by the writer's wall clock. */
  readonly at: number
  /** The server's clock minus the writer's wall clock. */
  readonly ahead?: number | undefined
  /** The longest lifetime that the server has reported. Some servers report only the time that is left. */
  readonly lifetime: number
  /** Whether the end was near at the latest refresh. The event `grant_expires_soon` reports it once. */
  readonly isSoon?: true | undefined
}

/** The facts of a token response that change the end of a grant. */
export interface GrantChange {
  /** The end that the response reports. */
  readonly reported?: GrantExpiry | undefined
  /** Whether the response replaces the refresh token. */
  readonly isRotated: boolean
  /** The lifetime of the new access token. At its end, the next refresh is due. */
  readonly tokenLifetime: number
}

const SOON_FRACTION = 0.1
const MAX_SOON_SECONDS = 604_800

/**
 * Returns the end of the grant after a token response.
 *
 * A response that reports no end does not change the end of the refresh token. If it brings another refresh token, the
 * end of that one is unknown: a session that ends too early is worse, because the server refuses a token that is over.
 */
export function grantExpiryAfter(
  before: GrantExpiry | undefined,
  { reported, isRotated, tokenLifetime }: GrantChange,
  time: TimeReading,
): GrantExpiry | undefined {
  const next = reported ?? (isRotated ? undefined : before)
  if (!next) return undefined
  const { at, ahead } = next
  const lifetime = Math.max(next.lifetime, before?.lifetime ?? 0)
  const soonSeconds = Math.max(Math.min(lifetime * SOON_FRACTION, MAX_SOON_SECONDS), tokenLifetime)
  const isSoon = at - timeFor(next, time) <= soonSeconds
  return { at, lifetime, ...(ahead !== undefined && { ahead }), ...(isSoon && { isSoon }) }
}

/** Returns when the grant ends by the wall clock of the process that wrote the end. */
export function grantEndsAt(expiry: GrantExpiry | undefined): number | undefined {
  return expiry && expiry.at - (expiry.ahead ?? 0)
}
