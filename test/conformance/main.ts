import { parseArgs } from 'node:util'
import type { Variant } from './fapi/variant.ts'
import { BASIC } from './modules/basic.ts'
import { CODE_FLOW } from './modules/code-flow.ts'
import { CONFIGURATION } from './modules/configuration.ts'
import { type FapiModule, judgeFapi } from './modules/fapi.ts'
import { FAPI_MESSAGE_SIGNING } from './modules/fapi-message-signing.ts'
import { FAPI_OWN } from './modules/fapi-own.ts'
import { FAPI_SECURITY_PROFILE } from './modules/fapi-security-profile.ts'
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
/** A module with the configuration in which it runs. */
interface Case {
  readonly name: string
  readonly notApplicable?: string
  /** @throws {Failure} If the client does not pass. */
  judge(remark: (text: string) => void): Promise<void>
}

const DPOP: Variant = { clientType: 'oidc', senderConstraint: 'dpop', messageSigning: false }
const MTLS: Variant = { ...DPOP, senderConstraint: 'mtls' }
const SIGNED: Variant = { ...DPOP, messageSigning: true }
const modules = [...BASIC, ...CONFIGURATION, ...CODE_FLOW, ...REFRESH, ...LOGOUT, ...THIRD_PARTY]
/** The plan Form Post RP is the plan Basic RP with another response mode. */
const formPost = BASIC.map(({ name, application, ...module }) => ({
  ...module,
  name: `${name} (form post)`,
  application: { ...application, responseMode: 'form_post' as const },
}))
const plans: Readonly<Record<string, readonly Case[]>> = {
  'form post': formPost.map(toCase),
  'fapi message signing': inVariant(FAPI_SECURITY_PROFILE, SIGNED),
  'fapi mtls': inVariant([...FAPI_SECURITY_PROFILE, ...FAPI_OWN], MTLS),
  'fapi plain oauth': inVariant(FAPI_SECURITY_PROFILE, { ...DPOP, clientType: 'plain_oauth' }),
  'fapi own checks': [DPOP, SIGNED].flatMap((variant) => inVariant(FAPI_OWN, variant)),
  conformance: [
    ...modules.map(toCase),
    ...inVariant(FAPI_SECURITY_PROFILE, DPOP),
    ...inVariant(FAPI_MESSAGE_SIGNING, SIGNED),
  ],
}
const results: Counts[] = []
for (const [title, cases] of Object.entries(plans)) results.push(await runAll(title, cases))
process.exitCode =
  results.every(({ failed }) => failed === 0) && results.some(({ passed }) => passed > 0) ? 0 : 1

interface Counts {
  passed: number
  failed: number
}

function toCase(module: Module): Case {
  return { ...module, judge: (remark) => judge(module, remark) }
}

/** Returns the modules that apply to a variant of the FAPI plans. */
function inVariant(all: readonly FapiModule[], variant: Variant): Case[] {
  return all
    .filter(({ appliesTo = () => true }) => appliesTo(variant))
    .map((module) => ({ name: module.name, judge: (remark) => judgeFapi(module, variant, remark) }))
}

async function runAll(title: string, all: readonly Case[]): Promise<Counts> {
  const counts = { passed: 0, failed: 0 }
  const chosen = all.filter(({ name }) => name.includes(values.only))
  for (const each of chosen) print(`${each.name}: ${await resultOf(each, counts)}`)
  print(`${title}: passed=${counts.passed} failed=${counts.failed}`)
  return counts
}

async function resultOf(tested: Case, counts: Counts): Promise<string> {
  if (tested.notApplicable !== undefined) return `not applicable (${tested.notApplicable})`
  const remarks = new Set<string>()
  try {
    await inTime(tested.judge((text) => void remarks.add(text)))
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
