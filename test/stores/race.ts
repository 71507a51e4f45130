import type { SessionStore } from '@evertoken/core'
import type { ContractCase } from '@evertoken/testkit'
import { inAnHour } from './history.ts'
import { type Program, runProcesses } from './processes.ts'

const PROCESSES = 3
const INCREMENTS = 50

/** The contract's connections share one process, in which SQLite never has a rival. */
export function raceCase(store: SessionStore, program: Program): ContractCase {
  return {
    name: 'processes: lose no update of a record that they all write',
    async run() {
      const key = crypto.randomUUID()
      await store.swap(key, undefined, '0', inAnHour())
      await runProcesses(PROCESSES, program, ['race', key])
      const total = await store.read(key)
      if (total !== String(PROCESSES * INCREMENTS))
        throw new Error(`${total} of ${PROCESSES * INCREMENTS} increments are left`)
    },
  }
}

/** The work of each of the processes. */
export async function race(store: SessionStore, key: string): Promise<void> {
  for (let done = 0; done < INCREMENTS;) {
    const count = await store.read(key)
    if (await store.swap(key, count, String(Number(count) + 1), inAnHour())) done += 1
  }
}
