import { fileURLToPath } from 'node:url'
import { runContract, sessionStoreContract } from '@evertoken/testkit'
import { keepAliveCases } from './keep-alive-cases.ts'
import { measure, type Measured } from './measure.ts'
import type { Places } from './places.ts'
import { historyCases, recordAsProcess } from './history-cases.ts'
import { race, raceCase } from './race.ts'
import { type Connection, type Subject, subjects } from './subjects.ts'
import { userSessionCases } from './user-session-cases.ts'

/** The result for one subject, which runs in its own process and reports to its parent. */
export interface Report {
  readonly passed: number
  readonly failed: readonly { readonly name: string; readonly message: string }[]
  readonly measured?: Measured
}

async function certify(subject: Subject, first: Connection, second: Connection | undefined): Promise<Report> {
  const { store, ownCases = [], contract } = first
  const options = { ...contract, ...(second && { secondStore: () => second.store }) }
  const program = { path: fileURLToPath(import.meta.url), args: process.argv.slice(2, 4) }
  const shared = subject.alone ? undefined : program
  const result = await runContract([
    ...sessionStoreContract(() => store, options),
    ...ownCases,
    ...(shared ? [raceCase(store, shared)] : []),
    ...historyCases(store, shared),
    ...userSessionCases(store, second?.store ?? store),
    ...keepAliveCases(store, second?.store ?? store),
  ])
  const failed = result.failed.map(({ name, error }) => ({ name, message: String(error) }))
  return { passed: result.passed, failed }
}

const [name, places = '', job, ...keys] = process.argv.slice(2)
const subject = subjects.find((each) => each.name === name)
if (!subject) throw new Error(`No store is called "${name}"`)
const connect = () => subject.connect(JSON.parse(places) as Places)
const first = await connect()
if (job === 'race') await race(first.store, keys[0] ?? '')
else if (job === 'record') process.send?.(await recordAsProcess(first.store, keys))
else {
  const second = subject.alone ? undefined : await connect()
  const report = await certify(subject, first, second)
  process.send?.(job === '--measure' ? { ...report, measured: await measure(first.store) } : report)
  await second?.close?.()
}
await first.close?.()
process.disconnect()
