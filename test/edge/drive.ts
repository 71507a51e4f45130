import assert from 'node:assert/strict'
import { createUserAgent } from '../../examples/node-app/src/user-agent.ts'
import type { World } from '../adapters/world.ts'

const CALLS = 40
const ORDERS = ['A-1042']

/** Signs in, refreshes once for a burst of calls, and signs out, at an application whose home page shows the orders. */
export async function drive(url: string, { server, spoil }: World): Promise<void> {
  const user = createUserAgent()
  const home = () => user.send(`${url}/`)
  assert.equal((await home()).status, 401)

  const page = await user.visit(`${url}/auth/login`)
  assert.equal(page.status, 200, page.html)
  assert.deepEqual(JSON.parse(page.html), ORDERS)

  const cookie = user.cookiesFor(url)
  spoil()
  const calls = Array.from({ length: CALLS }, () => fetch(`${url}/`, { headers: { cookie } }))
  const responses = await Promise.all(calls)
  assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200])
  for (const response of responses) assert.deepEqual(await response.json(), ORDERS)
  assert.equal(server.counts.refresh, 1)
  assert.equal(server.maxUses(), 1)
  for (const response of responses) user.keep(url, response)

  await user.visit(`${url}/auth/logout`, { method: 'POST', headers: { origin: url } })
  assert.equal((await home()).status, 401)
}

/** Signs in at an application that only accepts jobs, and returns what the home page then shows. */
export async function signIn(url: string): Promise<string> {
  const page = await createUserAgent().visit(`${url}/auth/login`)
  assert.equal(page.status, 200, page.html)
  return page.html
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 500, 'The condition does not hold after 10 seconds')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
