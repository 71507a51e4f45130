import { CASES } from './cases.ts'
import { runLife } from './life.ts'

const wanted = process.argv.slice(2)
const LIMIT_MS = 60_000
let [passed, failed] = [0, 0]

for (const subject of CASES) {
  if (wanted.length > 0 && !wanted.includes(subject.name)) continue
  const done: string[] = []
  const problem = await Promise.race([runLife(subject, done).then(() => undefined, toText), overdue()])
  const line = [subject.name.padEnd(20), ...done].join(' ')
  process.stdout.write(`${problem === undefined ? line : `${line} FAILED ${problem}`}\n`)
  if (problem === undefined) passed += 1
  else failed += 1
}
process.stdout.write(`dialects: passed=${passed} failed=${failed}\n`)
process.exit(failed === 0 ? 0 : 1)

function toText(error: unknown): string {
  return String(error instanceof Error ? error.message : error).replaceAll(/\s+/g, ' ')
}

/** Resolves if a step hangs. */
function overdue(): Promise<string> {
  return new Promise((resolve) =>
    setTimeout(resolve, LIMIT_MS, `took longer than ${LIMIT_MS / 1000} s`).unref(),
  )
}
