import type { SessionStore } from '../../packages/core/src/ports/session-store.ts'
import type { SessionRecord } from '../../packages/core/src/model/session-record.ts'
import type { StoreFault } from './plan.ts'
import { count, hand, type Process, type Surroundings } from './process.ts'

const LATE_MS = 700
const NEVER = new Promise<never>(() => undefined)

export interface StoreLink extends Surroundings {
  readonly store: SessionStore
  readonly grantOf: (key: string) => number
  readonly recordOf: (sealed: string) => SessionRecord
}

/** One process's way to the store that all share: each operation takes effect at one moment. */
export function linkStore(process: Process, link: StoreLink): SessionStore {
  const { store, world, history, plan } = link

  function nextFault(): StoreFault | undefined {
    const nth = count(link, 'store')
    if (link.weather.calm) return undefined
    if (isOut(link)) return 'down'
    return plan.storeFaults.find((planned) => nth >= planned.nth && nth < planned.nth + planned.times)?.fault
  }

  async function operate<T>(label: string, act: () => Promise<T>, lost: T): Promise<T> {
    const fault = nextFault()
    if (fault !== undefined && fault !== 'swap_lost') {
      history.troubles.push({ ...history.now(), process: process.index, kind: 'store', what: fault })
    }
    await process.send(label)
    const result = await takeEffect(fault, act, lost)
    if (fault === 'hangs') await NEVER
    await process.receive(`${label} done`)
    if (fault !== undefined && fault !== 'swap_lost') throw new Error('The store failed')
    return result
  }

  async function takeEffect<T>(fault: StoreFault | undefined, act: () => Promise<T>, lost: T): Promise<T> {
    const isMade = fault === undefined || fault === 'answer_lost' || fault === 'hangs'
    if (isMade || (fault === 'swap_lost' && lost !== false)) return act()
    if (fault === 'late') void world.sleep(LATE_MS).then(act)
    return lost
  }

  function commit(key: string, record: SessionRecord | undefined): void {
    const grant = link.grantOf(key)
    const before = history.commits.findLast((earlier) => earlier.grant === grant)?.record
    history.commits.push({ ...history.now(), process: process.index, grant, record })
    if (record?.ledger.lease && record.ledger.lease.attempt !== before?.ledger.lease?.attempt)
      process.reached('leased')
    else if (record && before && record.ledger.refreshToken !== before.ledger.refreshToken)
      process.reached('persisted')
  }

  return {
    consistency: 'strong',
    read(key) {
      hand(process, link, 'the store', key)
      return operate('reads', () => store.read(key), undefined)
    },
    swap(key, expected, sealed, expiresAt) {
      hand(process, link, 'the store', `${key} ${expected} ${sealed}`)
      const act = async () => {
        const won = await store.swap(key, expected, sealed, expiresAt)
        if (won) commit(key, link.recordOf(sealed))
        return won
      }
      return operate('swaps', act, false)
    },
    remove(key) {
      hand(process, link, 'the store', key)
      const act = async () => {
        await store.remove(key)
        commit(key, undefined)
      }
      return operate('removes', act, undefined)
    },
  }
}

/** An outage of the store begins with an answer of the token endpoint. */
function isOut({ plan, world, history }: Surroundings): boolean {
  if (!plan.outage) return false
  const since = history.sends.filter(({ judged }) => judged)[plan.outage.nth]?.judged?.time
  return since !== undefined && world.time < since + plan.outage.forMs
}
