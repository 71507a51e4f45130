import { pauseAfterProcessing, pauseBeforeProcessing } from '@evertoken/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { type Application, startApplication } from './application.ts'
import { startWorkerd } from './workerd.mjs'

const CALLS = 200
const many = <T>(count: number, call: () => Promise<T>) => Promise.all(Array.from({ length: count }, call))

let application: Application | undefined
let cold: Application | undefined
afterEach(async () => {
  await Promise.all([application?.close(), cold?.close()])
  cold = undefined
})

async function start(...args: Parameters<typeof startApplication>): Promise<Application> {
  application = await startApplication(...args)
  return application
}

describe.each(['cookie', 'server'])('on workerd, %s session', (SESSION) => {
  const vars = { SESSION }

  it('signs in, and carries the token to a service binding', async () => {
    const { signIn, authorizations } = await start({ vars })
    const browser = await signIn()

    const token = await (await browser.get('/ambient')).text()
    for (const path of ['/api', '/bound-api']) {
      expect(await (await browser.get(path)).text()).toBe('the orders')
    }

    expect(token).toMatch(/^at_/)
    expect(authorizations).toEqual([`Bearer ${token}`, `Bearer ${token}`])
  })

  it(`I8: ${CALLS} parallel requests over an expired token cost one refresh`, async () => {
    const { signIn, advance, server } = await start({ vars })
    const browser = await signIn()
    const cookie = browser.cookieHeader()
    await advance(301)
    server.resetCounts()

    const responses = await many(CALLS, () => browser.get('/ambient', { headers: { cookie } }))

    expect(responses.filter(({ status }) => status === 200)).toHaveLength(CALLS)
    expect(new Set(await Promise.all(responses.map((response) => response.text()))).size).toBe(1)
    expect(server.counts.refresh).toBe(1)
    expect(server.maxUses()).toBe(1)
  })

  it('I2: a refresh is finished for all when the client leaves in the middle', async () => {
    const { signIn, advance, server } = await start({ vars })
    const browser = await signIn()
    const cookie = browser.cookieHeader()
    await advance(301)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)

    const visit = browser.visit('/ambient')
    await hold.reached
    visit.leave()
    await browser.get('/nowhere')
    const others = many(CALLS, () => browser.get('/ambient', { headers: { cookie } }))
    await browser.get('/nowhere')
    hold.release()

    expect((await others).filter(({ status }) => status === 200)).toHaveLength(CALLS)
    expect(server.counts.refresh).toBe(1)
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it('I4: a sign-in is finished when the client leaves in the middle: the session before it is over', async () => {
    const { signIn, server } = await start({ vars })
    const browser = await signIn()
    const before = browser.cookieHeader()
    const login = await browser.get('/auth/login')
    const authorized = await fetch(login.headers.get('location') ?? '', { redirect: 'manual' })
    const { pathname, search } = new URL(authorized.headers.get('location') ?? '')
    const hold = pauseAfterProcessing()
    server.script('token', hold)

    const visit = browser.visit(pathname + search)
    await hold.reached
    visit.leave()
    await browser.get('/nowhere')
    hold.release()

    const status = async () => (await browser.get('/ambient', { headers: { cookie: before } })).status
    await expect.poll(status, { timeout: 5000 }).toBe(401)
  })

  it('refreshes in the background, and finishes that after the response', async () => {
    const { signIn, advance, server } = await start({ vars })
    const browser = await signIn()
    const first = await (await browser.get('/ambient')).text()
    await advance(290)
    const hold = pauseBeforeProcessing()
    server.script('refresh', hold)

    expect(await (await browser.get('/ambient')).text()).toBe(first)
    await hold.reached
    hold.release()

    await expect.poll(async () => (await browser.get('/ambient')).text()).not.toBe(first)
    expect(server.counts.refresh).toBe(1)
  })

  it('I4: signing out during a refresh ends the session and revokes the new refresh token', async () => {
    const { signIn, advance, server } = await start({ vars })
    const browser = await signIn()
    const cookie = browser.cookieHeader()
    await advance(301)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)

    const call = browser.get('/ambient', { headers: { cookie } })
    await hold.reached
    expect((await browser.post('/auth/logout')).status).toBe(303)
    hold.release()

    expect((await call).status).toBe(401)
    expect([...browser.cookies.keys()].some((name) => /^evertoken-[\da-z]+$/.test(name))).toBe(false)
    expect((await browser.get('/ambient', { headers: { cookie } })).status).toBe(401)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('works without any flag, at the earliest compatibility date, when the session is named', async () => {
    const { signIn, advance, server } = await start({ vars, flags: [], date: '2022-11-30' })
    const browser = await signIn()
    await advance(301)

    expect((await browser.get('/explicit')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
    for (const path of ['/ambient', '/api']) {
      const ambient = await browser.get(path)
      expect(ambient.status).toBe(500)
      expect(await ambient.json()).toEqual({
        name: 'ConfigurationError',
        code: 'async_context_missing',
        message: expect.stringContaining('`nodejs_compat`') as string,
      })
    }
    const report = { type: 'programming_error', code: 'async_context_missing' }
    const events = (await (await browser.get('/events')).json()) as { type: string }[]
    expect(events.filter(({ type }) => type === 'programming_error')).toEqual([report, report])
  })
})

it('S8: a burst at a cold isolate fetches the metadata once', async () => {
  const { signIn, server, vars, advance } = await start()
  const browser = await signIn()
  const cookie = browser.cookieHeader()
  cold = await startApplication({ vars })
  await advance(301)
  await cold.advance(301)
  server.resetCounts()

  const responses = await many(CALLS, () => fetch(`${cold?.worker.url}/ambient`, { headers: { cookie } }))

  expect(responses.filter(({ status }) => status === 200)).toHaveLength(CALLS)
  expect(server.counts).toMatchObject({ discovery: 1, refresh: 1 })
})

it('finds a server session by its id, outside of its requests', async () => {
  const { signIn, worker } = await start({ vars: { SESSION: 'server' } })
  const browser = await signIn()
  const id = await (await browser.get('/id')).text()

  const response = await fetch(`${worker.url}/?session=${id}`)

  expect(await response.text()).toMatch(/^at_/)
})

it('takes the async context of a Worker that imports it under "nodejs_als"', async () => {
  const entry = new URL('workers/own-async-storage.ts', import.meta.url).pathname
  const worker = await startWorkerd({ entry, flags: ['nodejs_als'] })
  const response = await fetch(worker.url)
  const answer = (await response.json()) as unknown
  await worker.close()

  expect(answer).toEqual({ signedIn: false })
})
