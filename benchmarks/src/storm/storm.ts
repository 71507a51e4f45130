import {
  createAuthorizationServer,
  createShiftableClock,
  type FakeAuthorizationServer,
  type ShiftableClock,
} from '@evertoken/testkit'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
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
  /** Calls that got no token, and token requests without a valid proof of the key of their session. */
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
const BOUND = { token_type: 'DPoP' }

/** Expires tokens under the eyes of a whole fleet, against a strict rotating authorization server. */
export async function storm(options: StormOptions): Promise<Storm> {
  const clock = createShiftableClock()
  const isBound = options.kind === 'dpop'
  const server = createAuthorizationServer({
    accessTokenSeconds: 300,
    clock,
    ...(isBound && { tokenResponse: BOUND }),
  })
  const listening = await server.listen()
  const fleet = await startFleet(options.processes, { ...options, issuer: server.issuer })
  try {
    const first = { ...(await server.issue()), ...(isBound && BOUND) }
    let cookie = options.kind === 'client' ? '' : header(await fleet.signIn(first))
    const results: RoundResult[] = []
    let expiries = 0
    for (let round = 0; expiries < options.expiries; round++) {
      const resources = MIXES[round % MIXES.length] ?? []
      const answers = await run(fleet, clock, options, resources, cookie)
      results.push(...answers)
      expiries += resources.length
      cookie = header(answers.find(({ setCookie }) => setCookie.length > 0)?.setCookie ?? []) || cookie
    }
    const tokenRequests = options.kind === 'client' ? server.counts.token : server.counts.refresh
    const unproven = isBound ? await countUnproven(server.log) : 0
    const replays = [...server.uses.values()].filter((uses) => uses > 1).length
    const [after] = await run(fleet, clock, { callers: 1 }, [''], cookie)
    const isAlive = options.kind === 'client' || server.grants.alive('user-1')
    const usable = after?.ok === 1 && isAlive && server.maxUses() <= 1
    return {
      expiries,
      tokenRequests,
      replays,
      failed: results.reduce((sum, { failed }) => sum + failed, unproven),
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

/** The number of refreshes without a proof (RFC 9449 §5) that is used once, and whose key is that of all others. */
async function countUnproven(log: FakeAuthorizationServer['log']): Promise<number> {
  const refreshes = log.filter(({ kind }) => kind === 'refresh')
  const proofs = new Set<unknown>()
  const keys = new Set<string>()
  for (const { headers, at } of refreshes) {
    const options = { typ: 'dpop+jwt', currentDate: new Date(at * 1000), maxTokenAge: 60 }
    const proof = headers.get('dpop') ?? ''
    const verified = await jwtVerify(proof, EmbeddedJWK, options).catch(() => undefined)
    if (!verified) continue
    proofs.add(verified.payload.jti)
    keys.add(await calculateJwkThumbprint(verified.protectedHeader.jwk as object))
  }
  return refreshes.length - proofs.size + keys.size - 1
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
