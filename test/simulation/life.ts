import type { Act, Visit } from './acts.ts'
import type { Fleet } from './fleet.ts'
import { SECRETS, type Setting } from './setting.ts'
import type { Visitor } from './visitor.ts'

/** A cookie that was replaced longer ago cannot be in a request that still travels. */
const LATE_COOKIE_MS = 700_000
const TRAVEL_MS = 60_000
/** D2: each of them, after minutes, sees a cookie that may have been replaced twice. */
const LONG_ACTS: readonly [Act, ...Act[]] = ['token', 'token', 'touch', 'revoke', 'end']
const SLOW_PAUSES_MS = [1000, 130_000, 950_000] as const
const CLOCK_JUMPS = [30, -30, 300, -300, 3600, -3600, 86_400, -86_400] as const

/** One user comes again and again, with up to three tabs. */
export async function live(visitor: Visitor, setting: Setting): Promise<void> {
  const { plan, world, random } = setting
  const quick = [0, 20, 1000, plan.tokenSeconds * 850, plan.tokenSeconds * 1010, 130_000, 700_000] as const
  const pauses = plan.isSlow ? SLOW_PAUSES_MS : quick
  const open: Promise<unknown>[] = []
  await signInPatiently(visitor, setting)
  for (let i = 0; i < plan.visits; i++) {
    await world.sleep(plan.users > 2 ? plan.tokenSeconds * 1010 : random.pick(pauses))
    if (!visitor.isSignedIn || (await isOver(visitor, setting))) await signInPatiently(visitor, setting)
    const tabs = plan.users > 2 ? 1 : 1 + random.below(3)
    const work = Array.from({ length: tabs }, () => come(visitor, setting))
    open.push(...work)
    if (random.below(3) > 0) await Promise.all(work)
  }
  await Promise.all(open)
}

async function signInPatiently(visitor: Visitor, { world }: Setting): Promise<void> {
  for (let i = 0; i < 5; i++) {
    if (await visitor.signIn()) return
    await world.sleep(20_000)
  }
}

/** A page that is asked to sign in does so. */
async function isOver(visitor: Visitor, { history }: Setting): Promise<boolean> {
  const shown = await visitor.presented()
  return !shown || history.commits.some(({ key, record }) => key === shown.key && (!record || record.ended))
}

async function come(visitor: Visitor, setting: Setting): Promise<void> {
  const { plan, world, random } = setting
  const isLong = random.below(plan.isSlow ? 3 : 12) === 0
  const act = isLong && plan.isSlow ? random.pick(LONG_ACTS) : drawAct(setting)
  if (act === 'login') {
    await visitor.signIn()
    return
  }
  const old = random.below(5) === 0 ? await lateCookies(visitor, setting) : undefined
  const draft: Partial<Visit> & Pick<Visit, 'act'> = {
    act,
    resource: random.pick(plan.resources as readonly [string]),
    oldMs: old ? world.time - old.replacedAt : 0,
    holdMs: isLong ? random.pick([2000, 130_000, 590_000, 1_100_000, 2_100_000]) : 0,
    usesFirst: isLong && random.below(3) === 0,
    isStream: random.below(isLong ? 2 : 12) === 0,
    abortMs: setting.happens('caller aborts') ? random.pick([0, 5, 50, 3000]) : Infinity,
  }
  await visitor.visit(draft, old?.cookies)
}

/** The cookies of a request that is late. The product assumes that none travels for minutes and is the newest one. */
async function lateCookies(
  visitor: Visitor,
  { world }: Setting,
): Promise<Visitor['past'][number] | undefined> {
  const old = visitor.past.findLast(({ replacedAt }) => world.time - replacedAt < LATE_COOKIE_MS)
  if (!old || world.time - old.replacedAt < TRAVEL_MS) return old
  const [then, now] = [await visitor.presented(old.cookies), await visitor.presented()]
  const isNewer = then?.key === now?.key && (then?.generation ?? 0) > (now?.generation ?? 0)
  return isNewer ? undefined : old
}

function drawAct({ plan, random }: Setting): Act {
  const common = random.pick<Act>([
    'token',
    'token',
    'token',
    'token',
    'api',
    'api',
    'proxy',
    'touch',
    'user',
  ])
  if (random.below(16) > 0) return common
  const rare = random.pick<Act>(['revoke', 'end', 'logout', 'login', 'back-channel logout'])
  return rare === 'back-channel logout' && !plan.backChannelLogout ? 'logout' : rare
}

/** Deploys, kills, roll-outs and clock jumps, from time to time, until the users have left. */
export async function disturb(fleet: Fleet, setting: Setting): Promise<void> {
  const { plan, world, random, weather, history } = setting
  const everyMs = plan.tokenSeconds * 400
  while (!weather.calm) {
    await world.sleep(everyMs * (0.5 + random.next()))
    const [instance] = [random.pick(fleet.routable() as readonly [ReturnType<Fleet['add']>])]
    if (setting.happens('deploys')) void fleet.deploy(instance)
    if (setting.happens('kills')) fleet.kill(instance)
    if (setting.happens('clock jumps')) {
      history.trouble('clock jumps', instance.machine.index, Infinity)
      const aheadSeconds = random.pick(CLOCK_JUMPS)
      instance.machine.setClock(aheadSeconds)
      world.note(`clock @${instance.machine.index} ${aheadSeconds}`)
    }
    if (setting.happens('secrets roll-out')) await rollOut(fleet, setting)
  }
}

/** First all instances can open with the new secret. Then they seal with it. */
async function rollOut(fleet: Fleet, { plan, history }: Setting): Promise<void> {
  if (plan.store === 'private' || history.troubles.some(({ fault }) => fault === 'secrets roll-out')) return
  history.trouble('secrets roll-out', -1)
  const [first, second] = SECRETS
  for (const secrets of [[first, second], [second, first], [second]]) {
    if (secrets.length === 1) continue
    fleet.setSecrets(secrets)
    const before = fleet.routable()
    for (const instance of before) {
      fleet.add()
      await fleet.deploy(instance)
    }
  }
}
