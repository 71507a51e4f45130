import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { listenToOutput } from './canaries.ts'
import { runVirtual } from './matrix.ts'
import type { Report } from './report.ts'
import { createTable } from './table.ts'

const DRIVER = fileURLToPath(new URL('processes/driver.js', import.meta.url))
/** Of all runs, those that start processes; a run takes seconds, most of which it waits. */
const PROCESS_SHARE = 0.05

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** A part of the name of a case, as a violation prints it. */
    only: { type: 'string', default: '' },
  },
})
const seed = Number(values.seed)
const processRuns = Math.round(Number(values.runs) * PROCESS_SHARE)
const table = createTable()

listenToOutput()
print(`faults: seed=${seed} runs=${values.runs}`)
const driver = fork(DRIVER, [String(processRuns), String(seed), values.only])
driver.on('message', (report: Report) => take(report, seed))
const ended = once(driver, 'exit')
await runVirtual({ runs: Number(values.runs) - processRuns, seed, only: values.only, take })
const [code] = (await ended) as [number | null]
print(table.text())
process.exitCode = table.violated || code !== 0 ? 1 : 0

function take(report: Report, usedSeed: number): void {
  table.add(report)
  for (const { invariant, what } of report.violations) {
    print(`${invariant}: ${what}\n    reproduce: --runs 20 --seed ${usedSeed} --only '${report.name}'`)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
