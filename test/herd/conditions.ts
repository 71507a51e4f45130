import type { CapacityOptions } from '../../packages/testkit/src/authorization-server/capacity.ts'
import type { RateLimitOptions } from '../../packages/testkit/src/authorization-server/rate-limit.ts'

/** How much the authorization server takes. */
export interface ServerCondition {
  readonly name: string
  readonly capacity?: CapacityOptions
  readonly rateLimit?: RateLimitOptions
  /** Token requests per second that it can process. */
  readonly perSecond: number
}

/** One line of the table. */
export interface Herd {
  readonly sessions: number
  readonly server: ServerCondition
  readonly serverTimeoutSeconds: number
  /** The share of a CPU that the application gets. */
  readonly cpu: number
}

const PROCESSING_MS = 100
/** Requests that wait at the server before it turns others away. */
const QUEUE = 10
const THROTTLED = 0.1

function withCapacity(
  name: string,
  concurrent: number,
  more: Omit<CapacityOptions, 'concurrent'> = {},
): ServerCondition {
  const capacity = { concurrent, processingMs: PROCESSING_MS, ...more }
  return { name, capacity, perSecond: (concurrent * 1000) / PROCESSING_MS }
}

const CAPACITY_10 = withCapacity('10 at a time', 10)
const CAPACITY_40 = withCapacity('40 at a time', 40)
const CAPACITY_200 = withCapacity('200 at a time', 200)
const SMALL_THEN_503 = withCapacity('10 at a time, then 503', 10, { queue: 5 })
const THEN_503 = withCapacity('40 at a time, then 503', 40, { queue: QUEUE })
const THEN_429 = withCapacity('40 at a time, then 429', 40, { queue: QUEUE, beyond: 429, retryAfter: 1 })
const THEN_429_NOW = withCapacity('40 at a time, then 429 with Retry-After: 0', 40, {
  queue: QUEUE,
  beyond: 429,
  retryAfter: 0,
})
const RATE_LIMIT: ServerCondition = {
  name: '100 a second, then 429',
  rateLimit: { perSecond: 100, burst: 100 },
  perSecond: 100,
}
const SERVERS = [
  CAPACITY_10,
  CAPACITY_40,
  CAPACITY_200,
  SMALL_THEN_503,
  THEN_503,
  THEN_429,
  THEN_429_NOW,
  RATE_LIMIT,
]
const TIMEOUTS = [2, 10]

/** For every change: under 100 seconds on two cores that have nothing else to do. */
export const QUICK: readonly Herd[] = [
  { sessions: 2000, server: CAPACITY_40, serverTimeoutSeconds: 2, cpu: 1 },
  { sessions: 600, server: SMALL_THEN_503, serverTimeoutSeconds: 10, cpu: 1 },
  { sessions: 600, server: RATE_LIMIT, serverTimeoutSeconds: 2, cpu: 1 },
  { sessions: 300, server: THEN_429_NOW, serverTimeoutSeconds: 2, cpu: THROTTLED },
]

/** The CPU limits a throttled herd, not the server, so that few servers are enough for the long ones. */
const LONG_THROTTLED = [CAPACITY_40, THEN_503, THEN_429]

/** The whole matrix takes more than an hour: a throttled process needs ten times as long. */
export const ALL: readonly Herd[] = [
  ...combine(2000, SERVERS, 1),
  ...combine(10_000, SERVERS, 1),
  ...combine(2000, SERVERS, THROTTLED),
  ...combine(10_000, LONG_THROTTLED, THROTTLED),
]

function combine(sessions: number, servers: readonly ServerCondition[], cpu: number): Herd[] {
  return TIMEOUTS.flatMap((serverTimeoutSeconds) =>
    servers.map((server) => ({ sessions, server, serverTimeoutSeconds, cpu })),
  )
}

/** The shortest time in which the server can process one request for each session, in seconds. */
export function idealSeconds({ sessions, server }: Herd): number {
  return sessions / server.perSecond
}

/** CPU time that a refresh needs on a slow machine, in seconds: two encryptions, two swaps, HTTP, and the callers that wait. */
const CPU_SECONDS = 0.008

/**
 * The longest time that is accepted until the last refresh, in seconds. The server's capacity or the CPU is the limit.
 * Three times as long leaves room for the search for the right concurrency, and for the pauses after 429 and 503. The
 * 10 seconds are for the start of a cold process.
 */
export function longestSeconds(herd: Herd): number {
  const busy = (herd.sessions * CPU_SECONDS) / herd.cpu
  return 3 * Math.max(idealSeconds(herd), busy) + 10
}

export function nameOf({ sessions, server, serverTimeoutSeconds, cpu }: Herd): string {
  const share = cpu === 1 ? 'a whole CPU' : `${cpu * 100} % of a CPU`
  return `${sessions} sessions, ${server.name}, ${serverTimeoutSeconds} s, ${share}`
}
