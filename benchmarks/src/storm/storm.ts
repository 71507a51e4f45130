import { createAuthorizationServer, createShiftableClock, type ShiftableClock } from '@evertoken/testkit'
import { type Fleet, startFleet } from './fleet.ts'
import type { RoundResult, Start } from './messages.ts'

export interface StormOptions extends Omit<Start, 'issuer'> {
  readonly processes: number
  readonly callers: number
  readonly expiries: number
}

/** The cost of a storm, and the state after it. */
export interface Storm {
  readonly expiries: number
  readonly tokenRequests: number
  /** Refresh tokens that were presented more than once. */
  readonly replays: number
  /** Calls that got no token. */
  readonly failed: number
  /** Whether the session is dead afterwards. */
  readonly lost: number
  /** Milliseconds at the 99th percentile: of a token request, and of a call that waited for one. */
  readonly roundTripP99: number
  readonly callP99: number
  /** Milliseconds of one operation of the store, in the middle. */
  readonly storeMedian: number
}

/** A single token expires, then three at the same time. All use the same refresh token. */
const MIXES: readonly (readonly string[])[] = [
  [''],
  ['', 'https://orders.example.com/', 'https://profile.example.com/'],
]
const EXPIRY_SECONDS = 400

/** Expires tokens under the eyes of a whole fleet, against a strict rotating authorization server. */
export async function storm(options: StormOptions): Promise<Storm> {
  const clock = createShiftableClock()
  const server = createAuthorizationServer({ accessTokenSeconds: 300, clock })
  const listening = await server.listen()
  const fleet = await startFleet(options.processes, { ...options, issuer: server.issuer })
  try {
    let cookie = header(await fleet.signIn(await server.issue()))
    const results: RoundResult[] = []
    let expiries = 0
    for (let round = 0; expiries < options.expiries; round++) {
      const resources = MIXES[round % MIXES.length] ?? []
      const answers = await run(fleet, clock, options, resources, cookie)
      results.push(...answers)
      expiries += resources.length
      cookie = header(answers.find(({ setCookie }) => setCookie.length > 0)?.setCookie ?? []) || cookie
    }
    const tokenRequests = server.counts.refresh
    const replays = [...server.uses.values()].filter((uses) => uses > 1).length
    const [after] = await run(fleet, clock, { callers: 1 }, [''], cookie)
    const usable = after?.ok === 1 && server.grants.alive('user-1') && server.maxUses() === 1
    return {
      expiries,
      tokenRequests,
      replays,
      failed: results.reduce((sum, { failed }) => sum + failed, 0),
      lost: usable ? 0 : 1,
      roundTripP99: Math.round(
        quantile(
          results.flatMap(({ roundTrips }) => roundTrips),
          0.99,
        ),
      ),
      callP99: Math.round(
        quantile(
          results.flatMap(({ latencies }) => latencies),
          0.99,
        ),
      ),
      storeMedian: quantile(
        results.flatMap(({ storeTimes }) => storeTimes),
        0.5,
      ),
    }
  } finally {
    await fleet.stop()
    await listening.close()
  }
}

function run(
  fleet: Fleet,
  clock: ShiftableClock,
  { callers }: Pick<StormOptions, 'callers'>,
  resources: readonly string[],
  cookie: string,
): Promise<RoundResult[]> {
  // The applications go by the clock of the server, so it must move, too.
  clock.advance(EXPIRY_SECONDS)
  return fleet.run({ advanceSeconds: EXPIRY_SECONDS, callers, resources, cookie })
}

function header(setCookie: readonly string[]): string {
  const kept = setCookie.filter((line) => !line.includes('Max-Age=0'))
  return kept.map((line) => line.split(';')[0]).join('; ')
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? 0
}
