import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { SessionStore } from '@evertoken/core'
import type { ContractCase } from '@evertoken/testkit'

const PROCESSES = 3
const INCREMENTS = 50

/** The contract's connections share one process, where SQLite never meets itself. */
export function raceCase(store: SessionStore, program: string, args: readonly string[]): ContractCase {
  return {
    name: 'processes: lose no update of a record they all write',
    async run() {
      const key = crypto.randomUUID()
      await store.swap(key, undefined, '0', inAnHour())
      const racers = Array.from({ length: PROCESSES }, () => fork(program, [...args, key]))
      const codes = await Promise.all(racers.map(async (racer) => (await once(racer, 'exit'))[0] as number))
      if (codes.some((code) => code !== 0)) throw new Error(`Processes ended with ${codes.join(', ')}`)
      const total = await store.read(key)
      if (total !== String(PROCESSES * INCREMENTS))
        throw new Error(`${total} of ${PROCESSES * INCREMENTS} increments are left`)
    },
  }
}

/** What each of the processes does. */
export async function race(store: SessionStore, key: string): Promise<void> {
  for (let done = 0; done < INCREMENTS;) {
    const count = await store.read(key)
    if (await store.swap(key, count, String(Number(count) + 1), inAnHour())) done += 1
  }
}

function inAnHour(): number {
  return Date.now() / 1000 + 3600
}
