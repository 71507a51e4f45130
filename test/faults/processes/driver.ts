import { listenToOutput } from '../canaries.ts'
import { nameOf, ownerOf } from '../cases.ts'
import { violationsOf } from '../invariants.ts'
import type { Report } from '../report.ts'
import { createRandom } from '../random.ts'
import { verdictOf } from '../verdict.ts'
import { PROCESS_CASES } from './cases.ts'
import { runProcesses } from './run.ts'

/** Runs in a separate process, in parallel to the runs in virtual time, and reports to its parent. */
const [runs = 0, seed = 0] = process.argv.slice(2).map(Number)
const only = process.argv[4] ?? ''
const LANES = 4

// The parent process has ended.
process.on('disconnect', () => process.exit())
listenToOutput()
const random = createRandom(seed)
const chosen = PROCESS_CASES.filter((planned) => nameOf(planned).includes(only))
const waiting = Array.from({ length: Math.ceil(runs / Math.max(chosen.length, 1)) })
  .flatMap(() =>
    chosen.map((planned) => ({ planned, place: random.next() })).toSorted((a, b) => a.place - b.place),
  )
  .slice(0, runs)

async function lane(): Promise<void> {
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { planned } = next
    const outcome = await runProcesses(planned)
    const report: Report = {
      fault: planned.fault,
      owner: ownerOf(planned),
      name: nameOf(planned),
      verdict: verdictOf(outcome).verdict,
      met: outcome.met,
      violations: violationsOf(outcome),
    }
    process.send?.(report)
  }
}

await Promise.all(Array.from({ length: LANES }, lane))
process.disconnect?.()
