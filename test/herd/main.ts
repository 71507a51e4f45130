import { parseArgs } from 'node:util'
import { ALL, type Herd, nameOf, QUICK } from './conditions.ts'
import { type HerdReport, runHerd } from './run.ts'
import { faultsOf, headLines, lineOf } from './table.ts'

/** Together they need less than one CPU. */
const THROTTLED_AT_ONCE = 6

const { values } = parseArgs({
  options: {
    /** A few combinations that take under 100 seconds. */
    quick: { type: 'boolean', default: false },
    /** A part of the name of a herd, as a fault prints it. Of several, all must fit. */
    only: { type: 'string', multiple: true, default: [] },
  },
})
const herds = (values.quick ? QUICK : ALL).filter((herd) =>
  values.only.every((part) => nameOf(herd).includes(part)),
)
const faults: string[] = []
let [lost, sessions, processed] = [0, 0, 0]

print(headLines())
await run(
  herds.filter(({ cpu }) => cpu === 1),
  1,
)
await run(
  herds.filter(({ cpu }) => cpu < 1),
  THROTTLED_AT_ONCE,
)
for (const fault of faults) print(fault)
print(
  `herd: expiries=${sessions} lost=${lost} processed_per_expiry=${(processed / sessions).toFixed(3)} faults=${faults.length}`,
)
process.exit(faults.length === 0 && herds.length > 0 ? 0 : 1)

async function run(queue: Herd[], atOnce: number): Promise<void> {
  async function work(): Promise<void> {
    for (let herd = queue.shift(); herd; herd = queue.shift()) note(herd, await runHerd(herd))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

function note(herd: Herd, report: HerdReport): void {
  print(lineOf(report))
  faults.push(...faultsOf(report).map((fault) => `${nameOf(herd)}: ${fault}`))
  lost += report.lost
  sessions += herd.sessions
  processed += report.processed
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
