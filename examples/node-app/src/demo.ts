import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Issued } from './authorization-server.ts'
import { startSandbox } from './sandbox.ts'
import { createUserAgent } from './user-agent.ts'

const CALLS = 200
const EXPECTED = `demo: calls=${CALLS} ok=${CALLS} refreshes=1 revoked=yes session=ended`

const { values: wanted } = parseArgs({
  options: {
    session: { type: 'string', default: 'cookie' },
    lifetime: { type: 'string', default: '10' },
  },
})

const issued: Issued[] = []
let grantsRevoked = 0
const { appUrl, apiUrl, close } = await startSandbox({
  port: 0,
  session: wanted.session,
  accessTokenSeconds: Number(wanted.lifetime),
  onIssued: (tokens) => issued.push(tokens),
  onRevoked: () => grantsRevoked++,
})
const user = createUserAgent()
const headers = { origin: appUrl }

const outcome = await run().finally(() => void close())
console.log(outcome)
if (outcome !== EXPECTED) {
  console.error(`expected:\n${EXPECTED}`)
  process.exitCode = 1
}

async function run(): Promise<string> {
  await signIn()
  await untilExpired()
  const { ok, refreshes } = await callInParallel()
  const revoked = await revoke()
  const ended = await signOut()
  const [yes, state] = [revoked ? 'yes' : 'no', ended ? 'ended' : 'alive']
  return `demo: calls=${CALLS} ok=${ok} refreshes=${refreshes} revoked=${yes} session=${state}`
}

async function signIn(): Promise<void> {
  const page = await user.visit(`${appUrl}/auth/login`)
  const home = await user.submit(page)
  const { claims } = await status(user.cookiesFor(appUrl))
  console.log(`signed in as ${claims?.name ?? 'nobody'}, back at ${home.url}`)
}

/** Asks the API itself, with the token that only this demo has seen: it has really expired. */
async function untilExpired(): Promise<void> {
  const token = issued.at(-1)?.tokens.access_token
  const call = () => fetch(`${apiUrl}/orders/recent`, { headers: { authorization: `Bearer ${token}` } })
  const valid = (await call()).ok
  while ((await call()).ok) await pause(200)
  console.log(`access token ${valid ? 'was valid, and has expired' : 'never worked'}: the API refuses it`)
}

/** The hard case: a page that sends many requests at the same time, each with the cookie from before the refresh. */
async function callInParallel(): Promise<{ ok: number; refreshes: number }> {
  const before = refreshed()
  const cookie = user.cookiesFor(appUrl)
  const calls = Array.from({ length: CALLS }, () =>
    fetch(`${appUrl}/api/orders`, { headers: { ...headers, cookie } }),
  )
  const responses = await Promise.all(calls)
  for (const response of responses) user.keep(appUrl, response)
  const bodies = await Promise.all(responses.map((response) => response.text()))
  const ok = responses.filter((response, i) => response.ok && bodies[i]?.includes('A-1042')).length
  console.log(`${CALLS} parallel requests with one old cookie: ${ok} answered`)
  return { ok, refreshes: refreshed() - before }
}

/** As the authorization server has counted. */
function refreshed(): number {
  return issued.filter(({ grantType }) => grantType === 'refresh_token').length
}

async function revoke(): Promise<boolean> {
  const response = await user.send(`${appUrl}/api/revoke`, { method: 'POST', headers })
  const answer = await response.text()
  console.log(`refresh token: ${answer}, grants ended at the authorization server: ${grantsRevoked}`)
  return answer === '{"outcome":"revoked"}' && grantsRevoked === 1
}

/** Both cookies are tried afterwards: the current one, and a copy from before. */
async function signOut(): Promise<boolean> {
  const copy = user.cookiesFor(appUrl)
  const before = await status(copy)
  const page = await user.visit(`${appUrl}/auth/logout`, { method: 'POST', headers })
  const home = await user.submit(page)
  const replay = await fetch(`${appUrl}/api/orders`, { headers: { ...headers, cookie: copy } })
  const [now, old] = [await status(user.cookiesFor(appUrl)), await status(copy)]
  console.log(`signed out, back at ${home.url}: a copy of the old cookie gets ${replay.status}`)
  return before.signedIn && !now.signedIn && !old.signedIn && replay.status === 401
}

async function status(cookie: string): Promise<{ signedIn: boolean; claims?: { name: string } }> {
  const response = await fetch(`${appUrl}/api/status`, { headers: { ...headers, cookie } })
  return (await response.json()) as { signedIn: boolean }
}
