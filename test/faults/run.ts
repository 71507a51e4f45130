import type { Clock } from '@evertoken/core'
import { type Act, type Case, nameOf } from './cases.ts'
import type { Call } from './chronicle.ts'
import { HOWS, type Instance } from './instance.ts'
import { createRandom, drawFrom, type Random, seedOf } from './random.ts'
import { createWorld, type Signed, type World } from './world.ts'
import { arrange } from './wire.ts'

export const CALLERS = 10
/** For so long, a successor in the store is kept for requests with the cookie from before. */
const LATE_REQUEST_SECONDS = 900
const EXPIRED_MS = 301_000
const SOFT_MS = 270_000
const PATIENCE_MS = 600_000
/** Longer than any cool-down, claim or outage. */
const RECOVERY_MS = [2000, 20_000, 70_000, 310_000, 70_000, 70_000, 310_000]

/** In the end, long enough for the store to think that the browser has caught up. */
const LATER_MS = [20, 1000, 200_000, 1000]

export interface Outcome {
  readonly world: Pick<World, 'server' | 'chronicle' | 'session' | 'steps'> & {
    readonly time: Clock
  }
  readonly planned: Case
  /** Whether the fault's step was reached at all. */
  readonly met: boolean
  /** Whether everything that was begun came to an end. */
  readonly settled: boolean
  /** The requests of the session when the fault was over, and after one more expiry. */
  readonly after: readonly Call[]
  readonly bystanders: readonly Call[]
}

/** Exposes one session to one fault and checks it. */
export async function run(planned: Case, seed: number): Promise<Outcome> {
  const random = createRandom(seedOf(seed, nameOf(planned)))
  drawFrom(createRandom(seedOf(seed, nameOf(planned), 'draw')))
  const { kind, reuse = 'strict', skewSeconds = 0, jumpSeconds = 0 } = planned
  const isSingle = skewSeconds === 0 && !planned.drops && planned.instances === undefined
  const instances = isSingle ? 1 + random.below(2) : 2
  // A store without its own clock needs clocks that nearly agree. See docs/concepts/stores.md. After a jump, such stores of
  // Evertoken follow the monotonic clock, which the model of a store here does not.
  const apart = instances === 2 ? Math.max(Math.abs(skewSeconds), Math.abs(jumpSeconds)) : 0
  const isFarApart = apart > LATE_REQUEST_SECONDS
  const world = await createWorld({
    kind,
    instances,
    reuse,
    random,
    storeClock: random.pick(['relative', 'absolute', isFarApart ? 'absolute' : 'own']),
    ...(planned.server && { serverOptions: planned.server }),
    ...(planned.endsAccessTokens && { endsAccessTokens: true }),
  })
  const { time, session, server, trouble, steps } = world
  const stale = session.browser.header()
  await time.advance(random.below(3) === 0 ? SOFT_MS : EXPIRED_MS)
  world.instances[1]?.machine.set(skewSeconds)

  const burst = plan(world, random)
  const trap = planned.act && planned.step && spring(world, planned.step, planned.act, burst.abort)
  if (planned.store && planned.step) trouble.set(planned.step, planned.store)
  if (planned.metadata) server.always('discovery', planned.metadata)
  const letGo = planned.answer ? arrange(server, world.refusals, planned.answer) : () => undefined

  let settled = await time.advanceUntil(burst.begin(), PATIENCE_MS)
  settled &&= await time.advanceUntil(later(world, random, stale), PATIENCE_MS)
  letGo()
  await time.advance(100)
  world.markSpent()
  const met = trap?.sprung ?? (planned.store ? trouble.met : true)
  trouble.clear()
  steps.clear()
  server.always('refresh', undefined)
  server.always('discovery', undefined)
  world.refusals.left = 0

  const recovery = recover(world, random)
  settled &&= await time.advanceUntil(recovery, 10 * PATIENCE_MS)
  // Refreshes in the background are still pending.
  await time.advance(60_000)
  const probes = settled ? await recovery : { after: [], bystanders: [] }
  return { world, planned, met, settled, ...probes }
}

interface Burst {
  begin(): Promise<unknown>
  abort(who: 'first' | 'all'): void
}

/** Parallel requests with the same cookie, some here and some there. */
function plan(world: World, random: Random): Burst {
  const { instances, session, time, steps } = world
  const spreadMs = random.pick([0, 0, 4, 60])
  const callers = Array.from({ length: CALLERS }, (_, index) => ({
    instance: instances[index % instances.length] ?? instances[0],
    how: HOWS[index % HOWS.length] ?? 'ambient',
    delayMs: random.next() * spreadMs,
    abort: new AbortController(),
  }))
  for (const { user } of instances) {
    user.reads = 0
    user.lookers = callers.filter(({ instance }) => instance.user === user).length
  }
  return {
    begin: () =>
      Promise.all(
        callers.map(async ({ instance, how, delayMs, abort }) => {
          if (delayMs > 0) await time.sleep(delayMs)
          const call = instance.call(session.browser, how, { sub: session.sub, signal: abort.signal })
          return Promise.race([call, steps.dropped(instance.user.instance)])
        }),
      ),
    abort(who) {
      for (const { abort } of who === 'first' ? callers.slice(0, 1) : callers)
        abort.abort(new Error('The browser left'))
    },
  }
}

function spring(world: World, step: NonNullable<Case['step']>, act: Act, abort: Burst['abort']) {
  return world.steps.set({ step, spring: (instance) => act(world, { instance, abort }) })
}

function livingIn({ instances, steps }: World): readonly Instance[] {
  return instances.filter(({ user }) => !steps.isDropped(user.instance))
}

/** The browser comes again with its new cookie, and a request that was sent before it had that one arrives late. */
async function later(world: World, random: Random, stale: string): Promise<void> {
  const { session, time, steps } = world
  const { browser, sub } = session
  for (const delayMs of LATER_MS) {
    await time.sleep(delayMs)
    const instances = livingIn(world)
    for (const instance of random.below(2) === 0 ? instances : instances.toReversed()) {
      const visits = async () => {
        await instance.call(browser, random.pick(HOWS), { sub })
        await instance.call(browser, random.pick(['fetch', ...HOWS]), { sub, cookies: stale })
      }
      await Promise.race([visits(), steps.dropped(instance.user.instance)])
    }
  }
}

/** Calls again until there is a token, and again after the next expiry, on every instance. */
async function recover(world: World, random: Random): Promise<Pick<Outcome, 'after' | 'bystanders'>> {
  const { session, bystander, time } = world
  const instances = livingIn(world)
  const probe = (instance: Instance, { browser, sub }: Signed) =>
    instance.call(browser, 'fetch', { sub, probe: true })
  const patiently = async (instance: Instance) => {
    for (const waitMs of RECOVERY_MS) {
      await time.sleep(waitMs)
      const call = await probe(instance, session)
      if (call.result?.kind !== 'error' && call.result?.kind !== 'refused') return call
    }
    return probe(instance, session)
  }
  const after: Call[] = []
  for (const expiryMs of [0, EXPIRED_MS]) {
    if (expiryMs > 0) await time.sleep(expiryMs)
    const stale = session.browser.header()
    for (const instance of random.below(2) === 0 ? instances : instances.toReversed()) {
      after.push(await patiently(instance))
    }
    if (expiryMs > 0) await later(world, random, stale)
  }
  const bystanders: Call[] = []
  for (const instance of instances) bystanders.push(await probe(instance, bystander))
  return { after, bystanders }
}
