import { parseArgs } from 'node:util'
import { BASIC } from './modules/basic.ts'
import { CODE_FLOW } from './modules/code-flow.ts'
import { CONFIGURATION } from './modules/configuration.ts'
import { LOGOUT } from './modules/logout.ts'
import type { Module } from './modules/module.ts'
import { REFRESH } from './modules/refresh.ts'
import { THIRD_PARTY } from './modules/third-party.ts'
import { Failure, done } from './verdict.ts'
import { inWorld } from './world.ts'

/** A module that is not over after this time does not pass. The suite waits for ever. */
const LIMIT_MS = 30_000

const { values } = parseArgs({
  options: {
    /** A part of the name of a module. */
    only: { type: 'string', default: '' },
  },
})
const modules = [...BASIC, ...CONFIGURATION, ...CODE_FLOW, ...REFRESH, ...LOGOUT, ...THIRD_PARTY]
/** The plan Form Post RP is the plan Basic RP with another response mode. */
const formPost = BASIC.map(({ name, application, ...module }) => ({
  ...module,
  name: `${name} (form post)`,
  application: { ...application, responseMode: 'form_post' as const },
}))
const results = [await runAll('form post', formPost), await runAll('conformance', modules)]
process.exitCode =
  results.every(({ failed }) => failed === 0) && results.some(({ passed }) => passed > 0) ? 0 : 1

interface Counts {
  passed: number
  failed: number
}

async function runAll(title: string, all: readonly Module[]): Promise<Counts> {
  const counts = { passed: 0, failed: 0 }
  for (const module of all.filter(({ name }) => name.includes(values.only)))
    print(`${module.name}: ${await resultOf(module, counts)}`)
  print(`${title}: passed=${counts.passed} failed=${counts.failed}`)
  return counts
}

async function resultOf(module: Module, counts: Counts): Promise<string> {
  if (module.notApplicable !== undefined) return `not applicable (${module.notApplicable})`
  const remarks = new Set<string>()
  try {
    await inTime(judge(module, (text) => void remarks.add(text)))
    counts.passed += 1
    return remarks.size > 0 ? `passed (${[...remarks].join(', ')})` : 'passed'
  } catch (error) {
    counts.failed += 1
    return `failed (${error instanceof Failure ? error.message : describe(error)})`
  }
}

async function judge(module: Module, remark: (text: string) => void): Promise<void> {
  const { provider = {}, application = {}, misbehaviour, control = done, run = done } = module
  // A client that refuses everything would pass each module whose provider misbehaves.
  if (misbehaviour)
    await prefixed('without the misbehaviour, ', () => inWorld({ provider, application }, () => {}, control))
  await inWorld({ provider: { ...provider, ...misbehaviour }, application }, remark, run)
}

async function prefixed(text: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw error instanceof Failure ? new Failure(text + error.message) : error
  }
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Failure(`not over after ${LIMIT_MS / 1000} s`)), LIMIT_MS)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
