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
