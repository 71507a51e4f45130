import type { SessionIndex, SessionStore } from '@evertoken/core'
import type { Machine } from './machine.ts'
import type { Setting } from './setting.ts'

/** A store that all processes lose at the same time. */
export interface Outage {
  until: number
  hangs: boolean
}

/** A process keeps a new refresh token for 65 seconds, and the store must be back by then. */
const OUTAGE_MS = [300, 3000, 20_000, 50_000] as const
const BETWEEN_OUTAGES_MS = 120_000

/** The connection of one process to the store. */
export function linkStore(
  machine: Machine,
  setting: Setting,
  store: SessionStore,
  outage: Outage,
): SessionStore {
  const { plan, world, random, history, open } = setting
  const isNear = plan.store === 'private'

  async function begin(label: string): Promise<void> {
    await setting.travel()
    await world.turn(`${label} @${machine.index}`)
    if (world.time >= outage.until + BETWEEN_OUTAGES_MS && setting.happens('store down')) {
      Object.assign(outage, { until: world.time + random.pick(OUTAGE_MS), hangs: random.below(3) === 0 })
      history.trouble('store down', -1, outage.until - world.time)
    }
    if (setting.happens('store slow')) {
      history.trouble('store slow', machine.index, 6000)
      await world.sleep(random.pick([1500, 6000]))
    }
    if (setting.weather.calm || world.time >= outage.until) return
    history.trouble('store down', machine.index)
    if (outage.hangs) await new Promise(() => undefined)
    await machine.run(`${label} fails`)
    throw Object.assign(new Error('The store is unreachable'), { code: 'ECONNREFUSED' })
  }

  async function operate<T>(label: string, apply: () => Promise<T>): Promise<T> {
    if (isNear) return apply()
    await begin(label)
    const result = await apply()
    if (setting.happens('store response lost')) {
      history.trouble('store response lost', machine.index)
      await machine.run(`${label} lost`)
      throw Object.assign(new Error('The connection to the store was reset'), { code: 'ECONNRESET' })
    }
    await setting.travel()
    await machine.run(`${label} done`)
    return result
  }

  async function swap(key: string, expected: string | undefined, sealed: string, expiresAt: number) {
    const record = await open(sealed)
    if (setting.happens('store swap lost')) return false
    const won = await store.swap(key, expected, sealed, expiresAt)
    if (!won || !record) return won
    history.commits.push({ ...history.now(), process: machine.index, key, record, where: 'store' })
    const { generation, ended } = record
    const { attempt, lease } = record.ledger
    world.note(`commit ${key.slice(0, 6)} ${generation} ${attempt} ${lease?.beat} ${ended}`)
    setting.reached(machine, lease ? 'leased' : 'persisted')
    return won
  }

  function linkIndex(index: SessionIndex): SessionIndex {
    return {
      add: (term, key, expiresAt) => operate('index add', () => index.add(term, key, expiresAt)),
      keys: (term) => operate('index keys', () => index.keys(term)),
      remove: (term, key) => operate('index remove', () => index.remove(term, key)),
    }
  }

  return {
    outlivesProcess: !isNear,
    ...(store.index && { index: linkIndex(store.index) }),
    read: (key) => operate('read', () => store.read(key)),
    swap: (key, expected, sealed, expiresAt) => operate('swap', () => swap(key, expected, sealed, expiresAt)),
    remove: (key) =>
      operate('remove', async () => {
        await store.remove(key)
        const isSession = history.commits.some((commit) => commit.key === key)
        if (!isSession) return
        history.commits.push({
          ...history.now(),
          process: machine.index,
          key,
          record: undefined,
          where: 'store',
        })
      }),
  }
}
