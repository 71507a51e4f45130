import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createAuthorizationServer, type FakeAuthorizationServer } from '@evertoken/testkit'
import { type Herd, longestSeconds } from './conditions.ts'
import type { FromApplication, HerdResult, ToApplication } from './messages.ts'
import { runDelayMs } from './run-delay.ts'
import { throttle } from './throttle.ts'

/** The cost of a herd, and the state of its sessions afterwards. */
export interface HerdReport extends Omit<HerdResult, 'tokens'> {
  readonly herd: Herd
  /** Sessions whose grant is dead, or whose user was asked to sign in. */
  readonly lost: number
  /** Sessions that got the access token that had expired before the first call. */
  readonly outdated: number
  /** Sessions without a token in the end. */
  readonly unserved: number
  /** Token requests that the server has processed. */
  readonly processed: number
  /** Token requests that the server has refused because there were too many. */
  readonly turnedAway: number
}

const APPLICATION = fileURLToPath(new URL('application.js', import.meta.url))
/** All sessions get a request within this time, as in the model. */
const SPREAD_MS = 1000
/** Calls that begin later than this factor of the accepted time have no chance. Other processes may have the CPU. */
const LIMIT_FACTOR = 6
const LIFETIME_SECONDS = 3600
/**
 * The second of life begins at the start of the session. It knows the time of the server only from dates
 * in whole seconds, which a busy machine reads up to 5 seconds late. It must not still serve a token when the herd starts.
 */
const EXPIRED_MS = 8000

/** Lets many sessions expire together, at a strict server. */
export async function runHerd(herd: Herd): Promise<HerdReport> {
  const { capacity, rateLimit } = herd.server
  const server = createAuthorizationServer({
    accessTokenSeconds: LIFETIME_SECONDS,
    keepLog: false,
    ...(capacity && { capacity }),
    ...(rateLimit && { rateLimit }),
  })
  const listening = await server.listen()
  const child = fork(APPLICATION)
  try {
    const expired = await setUp(child, server, herd)
    const resume = throttle(child, herd.cpu)
    const limitMs = longestSeconds(herd) * LIMIT_FACTOR * 1000
    const delay = runDelayMs()
    const answer = await ask(child, { run: { spreadMs: SPREAD_MS, limitMs } }).finally(resume)
    if (!('result' in answer)) throw new Error('The application responded with something else')
    const { result } = answer
    return judge(herd, server, expired, { ...result, starvedMs: result.starvedMs + runDelayMs() - delay })
  } finally {
    const exited = once(child, 'exit')
    if (child.kill('SIGKILL')) await exited
    await listening.close()
  }
}

/** Signs the users in, and returns their access tokens. By the time of the first call, each of them has expired. */
async function setUp(
  child: ChildProcess,
  server: FakeAuthorizationServer,
  herd: Herd,
): Promise<Set<unknown>> {
  const { sessions, serverTimeoutSeconds } = herd
  const tokens: Awaited<ReturnType<FakeAuthorizationServer['issue']>>[] = []
  for (let index = 0; index < sessions; index++)
    tokens.push(await server.issue({ sub: `user-${index}`, scope: 'orders', expiresIn: 1 }))
  const setup = { issuer: server.issuer, sessions, serverTimeoutSeconds, tokens }
  await ask(child, { setUp: setup })
  await new Promise((resolve) => setTimeout(resolve, EXPIRED_MS))
  return new Set(tokens.map((token) => token['access_token']))
}

function judge(
  herd: Herd,
  server: FakeAuthorizationServer,
  expired: ReadonlySet<unknown>,
  result: HerdResult,
): HerdReport {
  const { tokens, ...rest } = result
  const isLost = (token: string | null | undefined, index: number) =>
    token === null ||
    !server.grants.alive(`user-${index}`) ||
    (!expired.has(token) && isForeign(token, index))
  /** An access token that is not the one of the user's grant would be worse than none. */
  const isForeign = (token: string | undefined, index: number) =>
    token !== undefined && server.introspect(token).sub !== `user-${index}`
  const { turnedAway } = server.load
  return {
    herd,
    ...rest,
    lost: tokens.filter(isLost).length,
    outdated: tokens.filter((token) => expired.has(token)).length,
    unserved: tokens.filter((token) => token === undefined).length,
    processed: server.counts.refresh - turnedAway,
    turnedAway,
  }
}

function ask(child: ChildProcess, message: ToApplication): Promise<FromApplication> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('The application has ended'))
    child.once('exit', gone)
    child.once('message', (answer: FromApplication) => {
      child.off('exit', gone)
      resolve(answer)
    })
    child.send(message)
  })
}
