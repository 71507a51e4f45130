import { createAuthorizationServer } from '@evertoken/testkit'
import { createRandom, drawFrom, seedOf } from '../faults/random.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { createHistory, type History } from './history.ts'
import { endsAccessTokens } from './instance.ts'
import { disturb, live } from './life.ts'
import { drawPlan, GRACE_SECONDS, type Plan, type Profile } from './plan.ts'
import { probe } from './probe.ts'
import { followFaults } from './server-link.ts'
import { CLIENT, createSetting, ORIGIN, type Setting } from './setting.ts'
import { createSite } from './site.ts'
import { createVisitor } from './visitor.ts'
import { EPOCH } from '../machines/machine.ts'
import { createWorld, type World } from './world.ts'

/** The result of a run. The invariants judge it. */
export interface Outcome {
  readonly plan: Plan
  readonly history: History
  readonly setting: Setting
  readonly fleet: Fleet
  /** Whether everything that was begun came to an end. */
  readonly settled: boolean
  /** The hash of the event log. */
  readonly digest: string
}

type Reuse = NonNullable<NonNullable<Parameters<typeof createAuthorizationServer>[0]>['reuse']>

const REUSE: Record<Profile, Reuse> = {
  strict: 'strict',
  grace: { graceSeconds: GRACE_SECONDS },
  previous: { graceSeconds: GRACE_SECONDS, limit: 'previous token' },
  newest: { graceSeconds: GRACE_SECONDS, limit: 'newest pair' },
  tolerant: 'tolerant',
  'no-rotation': 'no-rotation',
}

/** Runs the whole application once. Only the seed decides what happens. */
export async function run(seed: number, trace?: (line: string) => void): Promise<Outcome> {
  const random = createRandom(seedOf(seed, 'schedule'))
  drawFrom(createRandom(seedOf(seed, 'draw')))
  const plan = drawPlan(createRandom(seedOf(seed, 'plan')))
  const world = createWorld(random, trace)
  Date.now = () => EPOCH * 1000
  trace?.(JSON.stringify({ ...plan, faults: [...plan.faults] }))
  const history = createHistory(world)
  const setting = createSetting({ plan, world, random, history, server: createServer(plan, world) })
  followFaults(setting)
  const fleet = createFleet(setting)
  const site = createSite(setting, fleet)
  const users = Array.from({ length: plan.users }, (_, index) => `user-${index}`)
  const visitors = users.map((user) => createVisitor(user, setting, site))

  void disturb(fleet, setting)
  const lives = Promise.all(visitors.map((visitor) => live(visitor, setting)))
  let settled = await world.until(lives)
  if (settled) await lives
  const probing = probe(visitors, fleet, setting)
  settled &&= await world.until(probing)
  if (settled) await probing
  return { plan, history, setting, fleet, settled, digest: world.digest() }
}

function createServer(plan: Plan, world: World) {
  const clock = {
    now: () => world.now() + plan.serverAheadSeconds,
    elapsed: () => world.time,
    sleep: world.sleep,
  }
  return createAuthorizationServer({
    clock,
    clients: [{ ...CLIENT, redirectUris: [`${ORIGIN}/auth/callback`] }],
    reuse: REUSE[plan.profile],
    refreshEndsAccessTokens: endsAccessTokens(plan),
    accessTokenSeconds: plan.tokenSeconds,
    capacity: { concurrent: plan.capacity, processingMs: plan.capacity === Infinity ? 0 : 100 },
    refreshTokenPrefix: 'rt_canary_',
    accessTokenPrefix: 'at_canary_',
    keepLog: false,
    ...(plan.serverSendsDate ? {} : { date: false }),
  })
}
