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

/** Two at a time, on a machine with as many cores; one at a time where times are taken. */
async function certifyAll(chosen: readonly Subject[], flags: readonly string[]): Promise<Report[]> {
  if (chosen.length === 0) return []
  return withPlaces(async (places) => {
    const waiting = [...chosen]
    const reports: Report[] = []
    const lane = async () => {
      for (let subject = waiting.shift(); subject; subject = waiting.shift()) {
        const report = await certify(subject, places, flags)
        print(lineOf(subject, report))
        reports.push(report)
      }
    }
    await Promise.all(flags.includes('--measure') ? [lane()] : [lane(), lane()])
    return reports
  })
}

/** Fails over each pair of databases. A write may be lost only where replication is asynchronous. */
async function failOverAll(chosen: readonly FailoverSubject[]): Promise<Report[]> {
  const reports: Report[] = []
  for (const subject of chosen) {
    const { confirmed, lost, failures } = await testFailover(subject).catch((error: unknown) => ({
      confirmed: 0,
      lost: 0,
      failures: [String(error)],
    }))
    const failed = failures.map((message) => ({ name: subject.name, message }))
    const lines = failed.map(({ message }) => `\n  failed: ${message}`)
    print(`stores: failover of ${subject.name} confirmed=${confirmed} lost=${lost}${lines.join('')}`)
    reports.push({ passed: failed.length === 0 ? 1 : 0, failed })
  }
  return reports
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
