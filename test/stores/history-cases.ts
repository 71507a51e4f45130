import type { SessionStore } from '@evertoken/core'
import type { ContractCase } from '@evertoken/testkit'
import { performWorkload, recordHistory, splitSwap, type Workload } from './history.ts'
import { describeViolation, findViolation, type Operation } from './linearizability.ts'
import { type Program, runProcesses } from './processes.ts'

const PROCESSES = 2
const OF_EACH_PROCESS: Omit<Workload, 'keys'> = { clients: 4, operations: 40 }
const MAX_TRIES = 20

/**
 * Cases that record what concurrent clients did and check it.
 *
 * @param program - Runs `recordAsProcess`. Absent for a store that only one process can use.
 */
export function historyCases(store: SessionStore, program: Program | undefined): ContractCase[] {
  return [
    {
      name: 'histories: are linearizable',
      async run() {
        const keys = [crypto.randomUUID(), crypto.randomUUID()]
        const histories = program
          ? ((await runProcesses(PROCESSES, program, ['record', ...keys])) as Operation[][])
          : [await recordAsProcess(store, keys)]
        const history = histories.flat()
        if (history.length < OF_EACH_PROCESS.clients * OF_EACH_PROCESS.operations)
          throw new Error(`Only ${history.length} operations were recorded`)
        const violation = findViolation(history)
        if (violation) throw new Error(describeViolation(violation))
      },
    },
    {
      name: 'histories: show when a swap compares and writes in two steps',
      async run() {
        for (let i = 0; i < MAX_TRIES; i += 1)
          if (findViolation(await recordAsProcess(splitSwap(store), [crypto.randomUUID()]))) return
        throw new Error(`The mistake was not found in ${MAX_TRIES} histories`)
      },
    },
  ]
}

/** The work of each of the processes. */
export async function recordAsProcess(
  store: Pick<SessionStore, 'read' | 'swap' | 'remove'>,
  keys: readonly string[],
): Promise<Operation[]> {
  const history: Operation[] = []
  await performWorkload(recordHistory(store, history), { ...OF_EACH_PROCESS, keys })
  return history
}
