import { evertoken } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import { createShiftableClock } from '../src/index.ts'
import { createWorld, type World } from '../src/world.ts'

/** An application that passes the response of the API on. */
function createApplication(world: World, options: Parameters<typeof evertoken>[0] = world.options) {
  const auth = evertoken(options)
  const orders = auth.createTokenFetch({ baseUrl: `${world.api.url}/orders/`, fetch: world.fetch })
  return { auth, app: auth.handler(() => orders('recent')) }
}

describe.each(['cookie', 'server'] as const)('createWorld with a %s session', (session) => {
  it('connects an application, its servers, its store and its users', async () => {
    const world = createWorld()
    const { auth, app } = createApplication(world, { ...world.options, session })
    const alice = await world.signIn(auth, { sub: 'alice' })
    expect(await (await alice.fetch(app, '/')).json()).toMatchObject({ sub: 'alice' })

    await world.clock.advance(301_000)
    expect((await alice.fetch(app, '/')).status).toBe(200)
    expect(world.authorizationServer.counts.refresh).toBe(1)
    expect(world.api.counts).toEqual({ accepted: 2, rejected: 0 })
    expect(world.events.map(({ type }) => type)).toContain('token_refreshed')
  })

  it('signs a user in at the authorization server', async () => {
    const world = createWorld({ authorizationServer: { accessTokenSeconds: 60 }, api: { scope: 'orders' } })
    const { app } = createApplication(world, { ...world.options, session })
    const browser = world.createBrowser()
    await browser.signIn(app, { user: 'ada' })
    expect((await browser.fetch(app, '/')).status).toBe(403)
    expect(world.api.log).toMatchObject([{ sub: 'ada', active: true }])
  })

  it('gives each instance its own clock and its own store faults', async () => {
    const world = createWorld()
    const [one, other] = [world.createInstance(), world.createInstance()]
    const first = createApplication(world, { ...one.options, session })
    const second = createApplication(world, { ...other.options, session })
    const alice = await world.signIn(first.auth)
    one.store.always('any', { type: 'fail' })
    one.clock.shift(3600)
    await world.clock.advance(301_000)

    expect((await alice.fetch(first.app, '/')).status).not.toBe(200)
    expect((await alice.fetch(second.app, '/')).status).toBe(200)
    expect(other.clock.now()).toBe(one.clock.now() - 3600)
    expect(other.store.counts.swap).toBeGreaterThan(0)
  })
})

it('reaches servers that listen, on a clock of the test', async () => {
  const clock = createShiftableClock()
  const world = createWorld({ clock })
  const listening = await Promise.all([world.authorizationServer.listen(), world.api.listen()])
  expect(world.options.issuer).toBe(listening[0].url)
  const auth = evertoken({ ...world.options, fetch, baseUrl: 'http://127.0.0.1:1' })
  const orders = auth.createTokenFetch({ baseUrl: world.api.url })
  const tokens = await world.authorizationServer.issue({ sub: 'alice' })
  clock.advance(301)
  const response = await auth.handle(new Request('http://127.0.0.1:1/'), async () => {
    await auth.startSession(tokens, { claims: { sub: 'alice' } })
    return orders('/')
  })
  expect(await response.json()).toMatchObject({ sub: 'alice' })
  await Promise.all(listening.map(({ close }) => close()))
})
