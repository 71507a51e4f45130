import { withoutLease } from '../../packages/core/src/model/ledger-transitions.ts'
import { type InstanceName, keptRecord, readStore, type Step, storeSteps, swapLedger } from './draft.ts'
import { recordOf } from './records.ts'
import type { World } from './world.ts'

/** `giveBack` in `lease.ts`. */
export function giveBackSteps(world: World, name: InstanceName): Step[] {
  const { giving } = world[name]
  if (!giving) return []
  if (giving.step === 'read')
    return storeSteps(
      world,
      name,
      'read',
      'reads the record to release the lease',
      (draft, instance, outcome) => {
        const isMine = outcome === 'ok' && keptRecord(draft)?.ledger.lease?.holder === giving.holder
        instance.giving = isMine ? { ...giving, step: 'swap', snapshot: readStore(draft) } : null
      },
    )
  return storeSteps(world, name, 'swap', 'releases the lease', (draft, instance, outcome) => {
    const snapshot = instance.giving?.snapshot ?? null
    if (outcome !== 'error' && snapshot)
      swapLedger(draft, snapshot, withoutLease(recordOf(snapshot.record).ledger))
    instance.giving = null
  })
}
