import { TryLaterError } from '../../packages/core/src/vocabulary/index.ts'
import type { ModelServer } from './authorization-server.ts'
import type { Browser } from './browser.ts'
import type { Fleet, Site } from './fleet.ts'
import type { Call } from './history.ts'
import type { Plan, Visit } from './plan.ts'
import { EPOCH } from '../machines/machine.ts'
import { hand, type Surroundings } from './surroundings.ts'

/** Who comes, and when. */
export interface Visitors {
  planned(visit: Visit): Promise<void>
  jump(jump: Plan['jumps'][number]): Promise<void>
  /** After all failures: to old processes and to a new one, and with cookies of old. */
  probe(pass: Pass): Promise<void>
}

/** Runs until nothing is left to happen; resolves to what the work brought, if it came to an end. */
export type Pass = <T>(work: Promise<T>) => Promise<T | undefined>

/** After the last token, back-offs and leases are over by then as well. */
const RECOVERY_MS = 80_000
/** For so long a token is treated as new after a rejection. */
const NOT_NEW_MS = 32_000
/** A lease that a dead process has left lapses in that time. */
const RETRY_MS = 12_000
const MOST_RETRIES = 4

export function createVisitors(
  surroundings: Surroundings,
  server: ModelServer,
  fleet: Fleet,
  browsers: readonly Browser[],
): Visitors {
  const { plan, world, history, weather } = surroundings

  async function handle(site: Site, browser: Browser, visit: Visit, known?: Known): Promise<Call> {
    const { process, application } = site
    const { grant } = browser
    const cookies = browser.cookies()
    const probe = known !== undefined
    const newest = visit.act === 'reject' ? server.newest(grant, visit.resource)?.value : undefined
    const rejected = known?.rejected ?? newest
    await world.sleep(visit.travelMs)
    await process.receive('request')
    const opened = application.open(cookies)
    const began = history.now()
    const hadCookie = cookies.size > 0
    const { isRetry = false } = known ?? {}
    const call: Call = {
      visit,
      probe,
      isRetry,
      grant,
      hadCookie,
      rejected,
      began,
      process: process.index,
    }
    history.calls.push(call)
    await opened.perform(call).catch((error: unknown) => {
      call.error = error
    })
    call.ended = history.now()
    if (visit.thinkMs > 0) await process.clock.sleep(visit.thinkMs)
    const setCookies = await opened.finish()
    hand(process, surroundings, 'the browser', setCookies.join('\n'))
    await world.sleep(visit.responseMs)
    await process.send('response')
    browser.take(setCookies)
    return call
  }

  /** As a token fetch does it: again if the token is refused. Wrong clocks may have caused wrong dates. */
  async function fetchWith(site: Site, browser: Browser, pass: Pass): Promise<void> {
    const resource = site.process.index % 2 === 0 ? '' : 'https://orders.test'
    const visit: Visit = { ...PROBE, resource }
    let call = await pass(handle(site, browser, visit, {}))
    for (let i = 0; i < MOST_RETRIES && call?.error instanceof TryLaterError; i++)
      call = await pass(handle(site, browser, { ...visit, travelMs: RETRY_MS }, { isRetry: true }))
    for (let i = 0; i < 2 && call?.token !== undefined && !isGood(call.token); i++) {
      const again: Visit = { ...PROBE, resource, act: 'reject', travelMs: NOT_NEW_MS }
      call = await pass(handle(site, browser, again, { rejected: call.token }))
    }
  }

  const isGood = (token: string) => (server.tokens.get(token)?.expiresAt ?? 0) > EPOCH + world.time / 1000

  return {
    async planned(visit) {
      const gaps = plan.gaps.slice(0, visit.phase).reduce((sum, gap) => sum + gap, 0)
      await world.sleep((startSeconds(plan) + gaps) * 1000 + visit.atMs)
      const site = fleet.sites[visit.process % plan.clocks.length]
      const browser = browsers[visit.session % browsers.length]
      if (site && browser) await handle(site, browser, visit)
    },
    async jump({ process, atMs, seconds }) {
      await world.sleep(startSeconds(plan) * 1000 + atMs)
      fleet.sites[process % plan.clocks.length]?.process.setClock(seconds)
    },
    async probe(pass) {
      weather.calm = true
      for (const { process } of fleet.sites) process.setClock(0)
      await pass(world.sleep(plan.lifetimeSeconds * 1000 + RECOVERY_MS))
      const fresh = fleet.add()
      const living = fleet.sites.filter(({ process }) => !process.killed)
      for (const site of living) for (const browser of browsers) await fetchWith(site, browser, pass)
      for (const past of browsers.flatMap(remembered)) await pass(handle(fresh, past, PROBE, {}))
    },
  }
}

interface Known {
  readonly rejected?: string
  /** The call before was asked to come back. */
  readonly isRetry?: true
}

const PROBE: Visit = {
  phase: 0,
  atMs: 0,
  process: 0,
  session: 0,
  resource: '',
  act: 'token',
  abortMs: Infinity,
  travelMs: 0,
  thinkMs: 0,
  responseMs: 0,
}

/** When the visits begin, by the state of the first token. */
function startSeconds({ start, lifetimeSeconds }: Plan): number {
  return { fresh: 20, soft: lifetimeSeconds - 10, expired: lifetimeSeconds + 1 }[start]
}

/** The browser again, with each cookie that it ever held, if it was signed out. */
function remembered(browser: Browser): Browser[] {
  if (browser.cookies().size > 0) return []
  return browser.past().map((cookies) => ({ ...browser, cookies: () => cookies, take() {} }))
}
