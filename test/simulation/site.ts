import type { Fleet } from './fleet.ts'
import type { Instance } from './instance.ts'
import { CANARY, type Setting } from './setting.ts'

const DELAYS_MS = [300, 5000, 60_000] as const

/** The reverse proxy between browsers and instances. It drops, delays and duplicates requests. */
export function createSite(setting: Setting, fleet: Fleet): (request: Request) => Promise<Response> {
  const { world, random, history, open } = setting

  async function delay(fault: 'delayed requests' | 'delayed responses'): Promise<void> {
    await setting.travel()
    if (!setting.happens(fault)) return
    const ms = random.pick(DELAYS_MS)
    history.trouble(fault, -1, ms)
    await world.sleep(ms)
  }

  function drop(fault: 'dropped requests' | 'dropped responses'): void {
    if (!setting.happens(fault)) return
    history.trouble(fault, -1)
    throw new TypeError('Failed to fetch')
  }

  async function pass(request: Request): Promise<Response> {
    await delay('delayed requests')
    const instances = fleet.routable()
    const instance = instances[random.below(instances.length)] as Instance
    const response = await Promise.race([instance.handle(request), instance.machine.gone])
    await inspect(response, instance)
    await delay('delayed responses')
    await world.turn('response')
    if (instance.busy === 0 && setting.happens('idle isolates end')) {
      fleet.endIdle(instance)
    }
    return response
  }

  /** S25, I5, and what the cookie of a session carries. */
  async function inspect({ headers }: Response, { machine }: Instance): Promise<void> {
    const text = JSON.stringify([...headers])
    const cookies = headers.getSetCookie()
    world.note(`response ${text} @${machine.index}`)
    if (CANARY.test(text)) history.seen.push('I5: a header of a response shows a credential')
    if (cookies.length > 0 && headers.get('cache-control') !== 'no-store')
      history.seen.push('S25: a response with Set-Cookie can be cached')
    const chunks = cookies.flatMap((line) => /^__Host-Http-evertoken(?:\.\d+)?=([^;]+)/.exec(line)?.[1] ?? [])
    const record =
      chunks.length > 0 && setting.plan.kind === 'cookie'
        ? await open(chunks.join('').replace(/^~\d~/, ''))
        : undefined
    if (record)
      history.commits.push({
        ...history.now(),
        process: machine.index,
        key: record.id,
        record,
        where: 'cookie',
      })
  }

  return async (request) => {
    drop('dropped requests')
    // A duplicated callback would redeem its code twice, which the server must punish.
    const canRepeat = request.method === 'GET' && !request.url.includes('/auth/callback')
    if (canRepeat && setting.happens('duplicated requests')) {
      history.trouble('duplicated requests', -1)
      pass(request.clone()).catch(() => undefined)
    }
    const response = await pass(request)
    drop('dropped responses')
    return response
  }
}
