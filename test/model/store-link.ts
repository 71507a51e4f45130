import type { SessionStore } from '../../packages/core/src/ports/session-store.ts'
import type { Machine } from '../machines/machine.ts'
import { linkStore, type StoreOperation } from '../machines/store-link.ts'
import type { Commit } from './history.ts'
import type { StoreFault } from './plan.ts'
import { count, hand, reached, type Surroundings } from './surroundings.ts'

const LATE_MS = 700
const NEVER = new Promise<never>(() => undefined)

export interface StoreConnection extends Surroundings {
  readonly store: SessionStore
  readonly grantOf: (key: string) => number
  readonly recordOf: (sealed: string) => NonNullable<Commit['record']>
}

/** The connection of one process to the store, with the faults of the plan. */
export function connectStore(process: Machine, connection: StoreConnection): SessionStore {
  const { store, world, history, plan } = connection

  function nextFault(): StoreFault | undefined {
    const nth = count(connection, 'store')
    if (connection.weather.calm) return undefined
    if (isOut(connection)) return 'down'
    return plan.storeFaults.find((planned) => nth >= planned.nth && nth < planned.nth + planned.times)?.fault
  }

  async function carry<T>(operation: StoreOperation<T>): Promise<T> {
    const { kind, key, expected, record } = operation
    hand(process, connection, 'the store', [key, expected, record].join(' '))
    const fault = nextFault()
    const isFailure = fault !== undefined && fault !== 'swap_lost'
    if (isFailure) {
      history.troubles.push({ ...history.now(), process: process.index, kind: 'store', what: fault })
    }
    await process.send(kind)
    const result = await perform(operation, fault)
    if (fault === 'hangs') await NEVER
    await process.receive(`${kind} done`)
    if (isFailure) throw new Error('The store failed')
    return result
  }

  async function perform<T>({ kind, apply, lost }: StoreOperation<T>, fault?: StoreFault): Promise<T> {
    const isPerformed = fault === undefined || fault === 'answer_lost' || fault === 'hangs'
    if (isPerformed || (fault === 'swap_lost' && kind !== 'swap')) return apply()
    if (fault === 'late') void world.sleep(LATE_MS).then(apply)
    return lost
  }

  function committed(key: string, sealed: string | undefined): void {
    const grant = connection.grantOf(key)
    const record = sealed === undefined ? undefined : connection.recordOf(sealed)
    const before = history.commits.findLast((earlier) => earlier.grant === grant)?.record
    history.commits.push({ ...history.now(), process: process.index, grant, record })
    if (record?.ledger.lease && record.ledger.lease.attempt !== before?.ledger.lease?.attempt)
      reached(process, connection, 'leased')
    else if (record && before && record.ledger.refreshToken !== before.ledger.refreshToken)
      reached(process, connection, 'persisted')
  }

  return linkStore({ store, carry, committed })
}

/** An outage of the store begins with an answer of the token endpoint. */
function isOut({ plan, world, history }: Surroundings): boolean {
  if (!plan.outage) return false
  const since = history.sends.filter(({ judged }) => judged)[plan.outage.nth]?.judged?.time
  return since !== undefined && world.time < since + plan.outage.forMs
}
