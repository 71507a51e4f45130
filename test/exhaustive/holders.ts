import { type InstanceName, instanceNames, snapshotsOf } from './draft.ts'
import { recordOf } from './records.ts'
import type { World } from './world.ts'

/** A name for the next flight. Names are used again when nothing remembers them, so that the worlds stay few. */
export function freeHolder(world: World, name: InstanceName): string {
  const used = usedHolders(world)
  for (let number = 1; ; number++) {
    const holder = `${name}${number}`
    if (!used.has(holder)) return holder
  }
}

/** Lets go of unused leases that no record can show. */
export function forgetHolders(draft: World): void {
  if (draft.A.unsent.length + draft.B.unsent.length === 0) return
  const seen = leaseHolders(draft)
  for (const name of instanceNames) {
    const { unsent } = draft[name]
    draft[name].unsent = [...new Set(unsent)].filter((holder) => seen.has(holder)).toSorted()
  }
}

function leaseHolders(world: World): Set<string> {
  const seen = new Set<string>()
  const add = (id: number) => seen.add(recordOf(id).ledger.lease?.holder ?? '')
  add(world.store)
  for (const { record } of snapshotsOf(world)) add(record)
  for (const name of instanceNames) {
    const { flight, giving } = world[name]
    if (flight) seen.add(flight.holder)
    if (giving) seen.add(giving.holder)
  }
  return seen
}

function usedHolders(world: World): Set<string> {
  const used = leaseHolders(world)
  for (const name of instanceNames) for (const { holder } of world[name].exchanges) used.add(holder)
  for (const { holder } of [...world.requests, ...world.sent]) used.add(holder)
  return used
}
