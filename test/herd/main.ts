import { parseArgs } from 'node:util'
import { ALL, nameOf, QUICK } from './conditions.ts'
import { runHerd } from './run.ts'
import { faultsOf, headLines, lineOf } from './table.ts'

const { values } = parseArgs({
  options: {
    /** A few combinations that take under 100 seconds. */
    quick: { type: 'boolean', default: false },
    /** A part of the name of a herd, as a fault prints it. */
    only: { type: 'string', default: '' },
  },
})
const herds = (values.quick ? QUICK : ALL).filter((herd) => nameOf(herd).includes(values.only))
const faults: string[] = []
let [lost, sessions, processed] = [0, 0, 0]

print(headLines())
for (const herd of herds) {
  const report = await runHerd(herd)
  print(lineOf(report))
  faults.push(...faultsOf(report).map((fault) => `${nameOf(herd)}: ${fault}`))
  lost += report.lost
  sessions += herd.sessions
  processed += report.processed
}
for (const fault of faults) print(fault)
print(
  `herd: expiries=${sessions} lost=${lost} processed_per_expiry=${(processed / sessions).toFixed(3)} faults=${faults.length}`,
)
process.exit(faults.length === 0 && herds.length > 0 ? 0 : 1)

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
