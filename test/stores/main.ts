import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Report } from './certify.ts'
import { type FailoverSubject, failovers, testFailover } from './failover.ts'
import { type Places, withPlaces } from './places.ts'
import { type Subject, subjects } from './subjects.ts'

const CERTIFY = fileURLToPath(new URL('certify.ts', import.meta.url))

function certify(subject: Subject, places: Places, flags: readonly string[]): Promise<Report> {
  const child = fork(CERTIFY, [subject.name, JSON.stringify(places), ...flags])
  return new Promise((resolve, reject) => {
    let report: Report = {
      passed: 0,
      failed: [{ name: 'all', message: 'The process ended without a report' }],
    }
    child.on('message', (message) => (report = message as Report))
    child.on('error', reject)
    child.on('exit', () => resolve(report))
  })
}

function lineOf({ name }: Subject, { passed, failed, measured }: Report): string {
  const times = measured ? ` read=${measured.read}µs swap=${measured.swap}µs` : ''
  const failures = failed.map((failure) => `\n  failed: ${failure.name}: ${failure.message}`)
  return `stores: ${name} passed=${passed} failed=${failed.length}${times}${failures.join('')}`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Works on several items at the same time. Resolves to the results in the order in which they arrive. */
async function runInLanes<T>(
  lanes: number,
  items: readonly T[],
  work: (item: T) => Promise<Report>,
): Promise<Report[]> {
  const waiting = [...items]
  const reports: Report[] = []
  async function lane(): Promise<void> {
    for (let item = waiting.shift(); item; item = waiting.shift()) reports.push(await work(item))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return reports
}

async function certifyAll(chosen: readonly Subject[], flags: readonly string[]): Promise<Report[]> {
  if (chosen.length === 0) return []
  return withPlaces((places) =>
    // Only one at a time when times are measured.
    runInLanes(flags.includes('--measure') ? 1 : 2, chosen, async (subject) => {
      const report = await certify(subject, places, flags)
      print(lineOf(subject, report))
      return report
    }),
  )
}

/** Fails over each pair of databases. A write may be lost only where replication is asynchronous. */
function failOverAll(chosen: readonly FailoverSubject[]): Promise<Report[]> {
  // Mostly the databases are waited for, not the processor.
  return runInLanes(3, chosen, async (subject) => {
    const { confirmed, lost, failures } = await testFailover(subject).catch((error: unknown) => ({
      confirmed: 0,
      lost: 0,
      failures: [String(error)],
    }))
    const lines = failures.map((message) => `\n  failed: ${message}`)
    print(`stores: failover of ${subject.name} confirmed=${confirmed} lost=${lost}${lines.join('')}`)
    return {
      passed: failures.length === 0 ? 1 : 0,
      failed: failures.map((message) => ({ name: subject.name, message })),
    }
  })
}

// Words choose stores by name; the only flag is --measure.
const [flags, words] = [true, false].map((flag) =>
  process.argv.slice(2).filter((arg) => arg.startsWith('--') === flag),
)
const isChosen = ({ name }: { readonly name: string }) => (words ?? []).every((word) => name.includes(word))
const reports = await certifyAll(subjects.filter(isChosen), flags ?? [])
if (!flags?.includes('--measure')) reports.push(...(await failOverAll(failovers.filter(isChosen))))
const passed = reports.reduce((sum, report) => sum + report.passed, 0)
const failed = reports.reduce((sum, report) => sum + report.failed.length, 0)
print(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
