/**
 * Four processes that share a Redis, and a real authorization server. Each expiry must cause one token request.
 * Usage: node test/client-tokens/main.mjs (after `npm run build`)
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startRedis } from '../../scripts/services.mjs'
import { createChecks } from '../browser/checks.mjs'
import { startAuthorizationServer } from './authorization-server.mjs'

const PROCESSES = 4
const CALLS = 20
const EXPIRIES = 5
const LIFETIME_SECONDS = 4
/** The `Date` of the server has whole seconds, so the clocks of two processes can differ by that much. */
const DATE_MS = 1000
const EXPIRED_MS = LIFETIME_SECONDS * 1000 + 1.5 * DATE_MS
/** The latest start of the soft window: a quarter of the lifetime, and a quarter more of that. */
const SOFT_SHARE = 0.3125
const STEADY_MS = 16_000

const client = { id: 'service', secret: randomBytes(24).toString('hex') }
const scope = 'ledger:write'
const { check, report } = createChecks()
const redis = await startRedis()
const server = await startAuthorizationServer({ client, scope, lifetimeSeconds: LIFETIME_SECONDS })
const children = []
try {
  const program = fileURLToPath(new URL('process.mjs', import.meta.url))
  const args = [redis.url, server.issuer, client.id, client.secret, scope]
  for (let i = 0; i < PROCESSES; i++) children.push(fork(program, args))
  await Promise.all(children.map((child) => once(child, 'message')))
  await check('each expiry is one token request, when all processes call at the same time', bursts)
  await check('each expiry is one token request, when all processes call all the time', steadily)
} finally {
  for (const child of children) child.kill()
  server.stop()
  await redis.stop()
}
process.exitCode = report()

/** All processes make this many calls at the same time. Resolves to all results. */
async function callAll(calls) {
  const answers = children.map((child) => once(child, 'message'))
  for (const child of children) child.send(calls)
  return (await Promise.all(answers)).flatMap(([results]) => results)
}

async function bursts() {
  const values = new Set()
  for (let i = 0; i < EXPIRIES; i++) {
    const results = await callAll(CALLS)
    const ofRound = new Set(results.map(({ value }) => value))
    if (results.some(({ error, isExpired }) => error || isExpired) || ofRound.size !== 1) return false
    values.add([...ofRound][0])
    await sleep(EXPIRED_MS)
  }
  console.log(
    `${EXPIRIES} expiries, ${PROCESSES * CALLS * EXPIRIES} calls, ${server.requests.length} token requests`,
  )
  return values.size === EXPIRIES && server.requests.length === EXPIRIES
}

async function steadily() {
  const before = server.requests.length
  const startedAt = performance.now()
  const values = new Set()
  let calls = 0
  while (performance.now() - startedAt < STEADY_MS) {
    const results = await callAll(1)
    if (results.some(({ error, isExpired }) => error || isExpired)) return false
    for (const { value } of results) values.add(value)
    calls += results.length
    await sleep(10)
  }
  const requests = server.requests.slice(before)
  console.log(`${values.size} tokens, ${calls} calls, ${requests.length} token requests`)
  // No token was requested before the soft window of the one before.
  const earliestMs = LIFETIME_SECONDS * (1 - SOFT_SHARE) * 1000 - DATE_MS
  const isTooEarly = requests.some((at, i) => i > 0 && at - requests[i - 1] < earliestMs)
  return !isTooEarly && requests.length === values.size && values.size > 2
}
