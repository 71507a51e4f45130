import type { SessionStore } from '@evertoken/core'
import type { Machine } from '../machines/machine.ts'
import { linkStore, type StoreOperation } from '../machines/store-link.ts'
import type { Setting } from './setting.ts'

/** A store that all processes lose at the same time. */
export interface Outage {
  until: number
  hangs: boolean
}

/** A process keeps a new refresh token for 65 seconds, and the store must be back by then. */
const OUTAGE_MS = [300, 3000, 20_000, 50_000] as const
const BETWEEN_OUTAGES_MS = 120_000

/** The connection of one process to the store, with the faults of the plan. */
export function connectStore(
  machine: Machine,
  setting: Setting,
  store: SessionStore,
  outage: Outage,
): SessionStore {
  const { plan, world, random, history } = setting
  const isNear = plan.store === 'private'

  async function begin(kind: string): Promise<void> {
    await machine.send(kind)
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
    await machine.run(`${kind} fails`)
    throw Object.assign(new Error('The store is unreachable'), { code: 'ECONNREFUSED' })
  }

  async function perform<T>({ kind, apply, lost }: StoreOperation<T>): Promise<T> {
    return kind === 'swap' && setting.happens('store swap lost') ? lost : apply()
  }

  async function carry<T>(operation: StoreOperation<T>): Promise<T> {
    if (isNear) return perform(operation)
    const { kind } = operation
    await begin(kind)
    const result = await perform(operation)
    if (setting.happens('store response lost')) {
      history.trouble('store response lost', machine.index)
      await machine.run(`${kind} lost`)
      throw Object.assign(new Error('The connection to the store was reset'), { code: 'ECONNRESET' })
    }
    await machine.receive(`${kind} done`)
    return result
  }

  async function committed(key: string, sealed: string | undefined): Promise<void> {
    const record = sealed === undefined ? undefined : await setting.open(sealed)
    const isKnown = () => history.commits.some((commit) => commit.key === key)
    const isSession = sealed === undefined ? isKnown() : record !== undefined
    if (!isSession) return
    history.commits.push({ ...history.now(), process: machine.index, key, record, where: 'store' })
    if (!record) return
    const { attempt, lease } = record.ledger
    world.note(`commit ${key.slice(0, 6)} ${record.generation} ${attempt} ${lease?.beat} ${record.ended}`)
    setting.reached(machine, lease ? 'leased' : 'persisted')
  }

  return { ...linkStore({ store, carry, committed }), outlivesProcess: !isNear }
}
