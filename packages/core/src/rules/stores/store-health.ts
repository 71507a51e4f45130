/**
 * The health of the session store, as one process sees it. All times are in milliseconds by the monotonic clock.
 *
 * An outage begins with the first failure. It is over when the store works again. Once `MAX_FAILURES` operations in a
 * row have failed slowly, the store is `down`. Operations then fail immediately, and one at a time is sent as a probe.
 * Operations that fail fast, such as refused connections, keep no caller waiting. They never take a store down.
 */
export type StoreHealth =
  | Working
  | (Outage & { readonly kind: 'failing'; readonly failures: number; readonly failedAt: number })
  | StoreDown

interface Working {
  readonly kind: 'working'
  readonly responses: number
  /** How many operations had got a response when the last outage was over. */
  readonly recoveredAt: number
}

export interface StoreDown extends Outage {
  readonly kind: 'down'
  readonly failedProbes: number
  readonly nextProbeAt: number
}

interface Outage {
  /** How many operations got a response. It shows whether an operation began before the last of them. */
  readonly responses: number
  readonly since: number
}

export const WORKING: StoreHealth = { kind: 'working', responses: 0, recoveredAt: 0 }

/** Enough to tell an outage from one connection that was reset, and few enough that few callers wait for a timeout. */
const MAX_FAILURES = 3
/** An outage of single failures is over after this time without one, so that there are not many events a second. */
const QUIET_MS = 1000
/** How long a probe keeps others from being the next one. Its caller waits no longer either. A longer wait is slow. */
export const PROBE_MS = 500
const FIRST_PAUSE_MS = 100
/** Together with `PROBE_MS` below a second: a process that has a new refresh token to store retries every second. */
const MAX_PAUSE_MS = 450
/** If a probe was due for this time and no caller made it, the process does not know whether the store is still down. */
const STALE_MS = 2000

/**
 * Decides whether an operation can be sent as a probe while the store is down.
 *
 * Usually there is one probe at a time. However, if no caller used the store for a while, all operations are probes, until the
 * first of them fails. Otherwise, calls that arrive together long after the outage would fail although the store works.
 *
 * @returns The health under which the probe runs, or `undefined` if the operation must fail immediately.
 */
export function startProbe(health: StoreDown, now: number): StoreDown | undefined {
  if (now - health.nextProbeAt >= STALE_MS) return health
  // A probe whose request was cut off never ends. Therefore, only time decides when another probe can start.
  return now < health.nextProbeAt ? undefined : { ...health, nextProbeAt: now + PROBE_MS }
}

/**
 * Returns the health after an operation has failed.
 *
 * @param isSlow - Whether the caller was kept waiting.
 * @param startedUnder - The health when the operation began. Failures of operations that began before the last response,
 *   and of probes that were replaced, prove nothing about the store as it is now. While the store works, they begin an outage,
 *   but do not count.
 * @param random - From 0 to 1, for the pause until the next probe.
 */
export function afterFailure(
  health: StoreHealth,
  startedUnder: StoreHealth,
  isSlow: boolean,
  now: number,
  random: number,
): StoreHealth {
  const { responses } = health
  if (health.kind === 'down') {
    if (health !== startedUnder) return health
    if (!isSlow) return afterResponse(health, now)
    const failedProbes = health.failedProbes + 1
    return { ...health, failedProbes, nextProbeAt: now + pause(failedProbes, random) }
  }
  const isNewest = startedUnder.responses === responses
  if (!isNewest && (health.kind === 'failing' || startedUnder.responses < health.recoveredAt)) return health
  const { since, failures } = health.kind === 'failing' ? health : { since: now, failures: 0 }
  // The store has responded to others since a failed operation began. That is not a failure in a row.
  const slow = failures + (isSlow && isNewest ? 1 : 0)
  if (slow < MAX_FAILURES) return { kind: 'failing', responses, since, failures: slow, failedAt: now }
  return {
    kind: 'down',
    responses,
    since,
    failedProbes: 0,
    nextProbeAt: now + pause(0, random),
  }
}

/** Returns the health after a failure that shows that the store, or its machine, responds. All operations are sent again. */
export function afterResponse(health: StoreHealth, now: number): StoreHealth {
  const since = health.kind === 'working' ? now : health.since
  return { kind: 'failing', responses: health.responses + 1, since, failures: 0, failedAt: now }
}

/**
 * Returns the health after an operation has succeeded, whenever it began.
 *
 * @param now - It makes no difference while the store works.
 */
export function afterSuccess(health: StoreHealth, now: number): StoreHealth {
  const responses = health.responses + 1
  if (health.kind === 'working') return { kind: 'working', responses, recoveredAt: health.recoveredAt }
  if (health.kind === 'failing' && now - health.failedAt < QUIET_MS)
    return { ...health, failures: 0, responses }
  return { kind: 'working', responses, recoveredAt: responses }
}

function pause(failedProbes: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** failedProbes, MAX_PAUSE_MS) * (0.5 + random / 2)
}
