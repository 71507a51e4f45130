import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { listenToOutput } from './canaries.ts'
import { CASES } from './cases.ts'
import { runVirtual } from './matrix.ts'
import { PROCESS_CASES } from './processes/cases.ts'
import type { Report } from './report.ts'
import { createTable } from './table.ts'

const DRIVER = fileURLToPath(new URL('processes/driver.js', import.meta.url))
/** Further runs go round again, with other seeds; a run with processes takes seconds, in which it waits. */
const EVERY_CASE = CASES.length + PROCESS_CASES.length

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    /** Each case once, instead of twice. */
    once: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** A part of the name of a case, as a violation prints it. */
    only: { type: 'string', default: '' },
  },
})
const seed = Number(values.seed)
const runs = Number(values.runs ?? (values.once ? EVERY_CASE : 2 * EVERY_CASE))
const processRuns = Math.round((runs * PROCESS_CASES.length) / EVERY_CASE)
const table = createTable()
const covered = new Set<string>()

listenToOutput()
print(`faults: seed=${seed} runs=${runs}`)
const driver = fork(DRIVER, [String(processRuns), String(seed), values.only])
driver.on('message', (report: Report) => take(report, seed))
const ended = once(driver, 'exit')
await runVirtual({ runs: runs - processRuns, seed, only: values.only, take })
const [code] = (await ended) as [number | null]
print(table.text())
print(`cases: ${covered.size} of ${EVERY_CASE}`)
const isComplete = covered.size === EVERY_CASE || values.only !== '' || runs < EVERY_CASE
process.exitCode = table.violated || code !== 0 || !isComplete ? 1 : 0

function take(report: Report, usedSeed: number): void {
  table.add(report)
  covered.add(report.name)
  for (const { invariant, what } of report.violations) {
    print(
      `violation: ${invariant}: ${what}\n    reproduce: --runs 20 --seed ${usedSeed} --only '${report.name}'`,
    )
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
