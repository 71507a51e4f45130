import { fileURLToPath } from 'node:url'
import { runContract, sessionStoreContract } from '@evertoken/testkit'
import { measure, type Measured } from './measure.ts'
import type { Places } from './places.ts'
import { race, raceCase } from './race.ts'
import { type Connection, type Subject, subjects } from './subjects.ts'

/** One subject in a process of its own, told to the parent; with a key, one of the processes that race for it. */
export interface Report {
  readonly passed: number
  readonly failed: readonly { readonly name: string; readonly message: string }[]
  readonly measured?: Measured
}

async function certify(subject: Subject, first: Connection, second: Connection | undefined): Promise<Report> {
  const { store, ownCases = [], contract } = first
  const options = { ...contract, ...(second && { secondStore: () => second.store }) }
  const races = subject.alone
    ? []
    : [raceCase(store, fileURLToPath(import.meta.url), process.argv.slice(2, 4))]
  const result = await runContract([...sessionStoreContract(() => store, options), ...ownCases, ...races])
  const failed = result.failed.map(({ name, error }) => ({ name, message: String(error) }))
  return { passed: result.passed, failed }
}

const [name, places = '', job] = process.argv.slice(2)
const subject = subjects.find((each) => each.name === name)
if (!subject) throw new Error(`No store is called "${name}"`)
const connect = () => subject.connect(JSON.parse(places) as Places)
const first = await connect()
if (job === undefined || job === '--measure') {
  const second = subject.alone ? undefined : await connect()
  const report = await certify(subject, first, second)
  process.send?.(job === undefined ? report : { ...report, measured: await measure(first.store) })
  await second?.close?.()
} else {
  await race(first.store, job)
}
await first.close?.()
process.disconnect()
