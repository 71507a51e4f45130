import { expect, vi } from 'vitest'
import { createUserAgent } from '../../examples/node-app/src/user-agent.ts'
import type { Program } from './start-program.ts'
import { createWorld, type World } from './world.ts'

const CALLS = 60

/** Starts one process of an example for each `start`, and acts as a user. */
export async function proveExample(
  start: (env: World['env']) => Promise<Program>,
  processes = 1,
): Promise<void> {
  const world = await createWorld()
  const programs: Program[] = []
  try {
    for (let i = 0; i < processes; i++) programs.push(await start(world.env))
    await drive(
      programs.map(({ url }) => url),
      world,
    )
  } finally {
    await Promise.all(programs.map((program) => program.stop()))
    await world.close()
  }
}

async function drive(urls: readonly string[], { server, spoil }: World): Promise<void> {
  const [url = ''] = urls
  const user = createUserAgent()
  const orders = (from = url) => user.send(`${from}/orders`)
  expect((await orders()).status).toBe(401)

  const home = await user.visit(`${url}/auth/login`)
  expect(home).toMatchObject({ url: `${url}/`, status: 200, html: expect.stringContaining('Sign out') })

  const cookie = user.cookiesFor(url)
  spoil()
  const responses = await Promise.all(
    Array.from({ length: CALLS }, (_, i) =>
      fetch(`${urls[i % urls.length]}/orders`, { headers: { cookie } }),
    ),
  )
  expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: CALLS }, () => 200))
  expect(server.counts.refresh).toBe(1)
  expect(await responses[0]?.json()).toEqual(['A-1042'])
  for (const response of responses) user.keep(url, response)
  for (const each of urls) expect((await orders(each)).status).toBe(200)
  expect(server.maxUses()).toBe(1)

  const left = await user.visit(`${url}/auth/logout`, { method: 'POST', headers: { origin: url } })
  expect(left).toMatchObject({ url: `${url}/`, html: expect.stringContaining('Sign in') })
  for (const each of urls) expect((await orders(each)).status).toBe(401)
  await vi.waitFor(() => expect(server.grants.alive('user-1')).toBe(false))
}
