import { evertoken } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import {
  answerWithToken,
  createApplication,
  createBrowser,
  kinds,
  origin,
  type Overrides,
} from './application.ts'
import { createFailingStore, type StoreFailure } from './failing-store.ts'
import { idle, NAVIGATION, ofType, signIn, userOf } from './steps.ts'

function start(options: Overrides, serverOptions = {}) {
  let now = () => 0
  const store = createFailingStore(() => now())
  const application = createApplication({ ...options, store }, serverOptions)
  now = application.clock.now
  return { ...application, store, tab: application.browser() }
}

type Started = ReturnType<typeof start>

/** Moves time until the work is done, and resolves to the seconds that it took. */
async function inTime<T>({ clock }: Pick<Started, 'clock'>, work: Promise<T>): Promise<[T, number]> {
  const began = clock.elapsed()
  let done = false
  const settle = () => void (done = true)
  work.then(settle, settle)
  while (!done) {
    await idle(() => done || clock.pending > 0)
    if (!done) await clock.advance(50)
  }
  return [await work, (clock.elapsed() - began) / 1000]
}

async function minutes({ clock }: Pick<Started, 'clock'>, count: number): Promise<void> {
  for (let i = 0; i < count * 12; i++) {
    await clock.advance(5000)
    await idle(() => false, 3)
  }
}

const endings = ({ events }: Pick<Started, 'events'>) => ofType(events, 'session_ended')
const revocations = ({ events }: Pick<Started, 'events'>) => ofType(events, 'refresh_token_revoked')
const incomplete = ({ events }: Pick<Started, 'events'>) => ofType(events, 'sign_out_incomplete')

describe.each(kinds)('a sign-out while the store fails, %s session', (session) => {
  it.each<StoreFailure>(['down', 'hang', 'lost'])(
    '(%s) clears the cookie and completes later',
    async (why) => {
      const world = start({ session })
      const { store, server, tab } = world
      await signIn(tab, server)
      const cookie = tab.cookieHeader()
      store.failure = why
      const [response, seconds] = await inTime(world, tab.post('/auth/logout'))

      expect(response.status).toBe(202)
      expect(seconds).toBeLessThanOrEqual(2)
      expect(await response.json()).toEqual({
        title: expect.any(String),
        status: 202,
        code: 'sign_out_incomplete',
        unconfirmed: ['session', 'revocation'],
        location: expect.stringContaining('/end_session'),
      })
      expect(tab.cookies.size).toBe(0)
      expect(incomplete(world)).toMatchObject([{ parts: ['session', 'revocation'], retrying: true }])
      if (session === 'cookie') {
        await idle(() => !server.grants.alive('user-1'))
        expect(server.grants.alive('user-1')).toBe(false)
      }

      await minutes(world, 1)
      store.failure = undefined
      await minutes(world, 2)
      await idle(() => !server.grants.alive('user-1'))
      expect(server.grants.alive('user-1')).toBe(false)
      expect((await tab.get('/', cookie)).status).toBe(401)
      expect(endings(world)).toMatchObject([{ reason: 'signed_out' }])
      expect(revocations(world)).toMatchObject([{ outcome: 'revoked' }])
      expect(incomplete(world)).toHaveLength(1)
    },
  )

  it('revokes the newer refresh token that only the store holds', async () => {
    const world = start({ session })
    const { store, server, tab, clock } = world
    await signIn(tab, server)
    const old = tab.cookieHeader()
    await clock.advance(301_000)
    await tab.get('/')
    store.failure = 'down'
    await tab.get('/auth/logout', old, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
    store.failure = undefined
    await clock.advance(1000)
    await idle(() => endings(world).length > 0)
    expect(endings(world)).toHaveLength(1)
    await idle(() => revocations(world).length === (session === 'cookie' ? 2 : 1))
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('refuses the session in this process until the end is confirmed', async () => {
    const world = start({ session })
    const { store, server, tab } = world
    await signIn(tab, server)
    const cookie = tab.cookieHeader()
    store.failure = 'down'
    await tab.post('/auth/logout')
    store.failure = undefined
    expect((await tab.get('/', cookie)).status).toBe(401)
  })

  it('redirects a browser that navigates', async () => {
    const { store, server, tab } = start({ session })
    await signIn(tab, server)
    store.failure = 'down'
    const headers = { ...NAVIGATION, 'sec-fetch-site': 'same-origin' }
    const response = await tab.get('/auth/logout', undefined, { method: 'POST', headers })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toContain('/end_session')
    expect(tab.cookies.size).toBe(0)
  })

  it('stops after 10 minutes, with an event', async () => {
    const world = start({ session })
    const { store, server, tab, clock } = world
    await signIn(tab, server)
    store.failure = 'down'
    await tab.post('/auth/logout')
    await minutes(world, 11)
    expect(incomplete(world)).toMatchObject([
      { parts: ['session', 'revocation'], retrying: true },
      { parts: ['session'], retrying: false },
    ])
    expect(clock.pending).toBe(0)
    expect(ofType(world.events, 'store_failed').length).toBeLessThan(60)
  })

  it('endSession() clears the cookie as well, and revokes nothing', async () => {
    const world = start({ session })
    const { auth, store, server, tab, clock } = world
    await signIn(tab, server)
    const cookie = tab.cookieHeader()
    store.failure = 'down'
    await tab.get('/', undefined, {}, async () => (await auth.endSession(), new Response()))
    expect(tab.cookies.size).toBe(0)
    expect(incomplete(world)).toMatchObject([{ parts: ['session'], retrying: true }])
    store.failure = undefined
    await clock.advance(1000)
    await idle(() => endings(world).length > 0)
    expect((await tab.get('/', cookie)).status).toBe(401)
    expect(server.counts.revoke).toBe(0)
  })

  it.each([true, 'all'] as const)(
    '(revoke %s) is completed when another process repeats it',
    async (revoke) => {
      const world = start({ session, revokeOnLogout: revoke })
      const { store, server, tab, options } = world
      await signIn(tab, server)
      const cookie = tab.cookieHeader()
      // The write of the tombstone succeeds. Its response and the read after it are lost, and the process stops.
      store.failAfter(1, 'lost')
      void tab.post('/auth/logout')
      await idle(() => store.failure !== undefined)
      await idle(() => false, 20)
      store.failAfter(Infinity, 'down')
      store.failure = undefined
      world.events.length = 0
      server.resetCounts()

      const elsewhere = evertoken({ ...options, fetch: (input, init) => server.fetch(input, init) })
      const again = createBrowser(elsewhere, server, answerWithToken(elsewhere))
      for (const part of cookie.split('; ')) again.cookies.set(...(part.split(/=(.*)/s) as [string, string]))
      const response = await again.post('/auth/logout')
      expect(response.status).toBe(303)
      const location = new URL(response.headers.get('location') ?? '', origin)
      expect(location.searchParams.get('id_token_hint')).toMatch(/\./)
      await idle(() => revocations(world).length > 0)
      expect(endings(world)).toMatchObject([{ reason: 'signed_out' }])
      expect(revocations(world).filter(({ outcome }) => outcome === 'revoked')).not.toEqual([])
      expect(server.grants.alive('user-1')).toBe(false)
      if (revoke === 'all') {
        await idle(() => ofType(world.events, 'access_token_revoked').length > 0)
        expect(ofType(world.events, 'access_token_revoked')).toHaveLength(1)
      }

      await idle(() => false, 20)
      world.events.length = 0
      for (const part of cookie.split('; ')) again.cookies.set(...(part.split(/=(.*)/s) as [string, string]))
      await again.post('/auth/logout')
      await idle(() => false, 20)
      expect([...endings(world), ...revocations(world)]).toEqual([])
    },
  )

  it('repeats a revocation that the authorization server has not confirmed', async () => {
    const world = start({ session })
    const { server, tab, clock } = world
    await signIn(tab, server)
    const cookie = tab.cookieHeader()
    server.always('revoke', { type: 'status', status: 503 })
    await tab.post('/auth/logout')
    await minutes({ clock }, 1)
    expect(revocations(world)).toHaveLength(4)
    expect(incomplete(world)).toMatchObject([{ parts: ['revocation'], retrying: false }])
    server.always('revoke', undefined)
    const init = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }
    await tab.get('/auth/logout', cookie, init)
    await idle(() => !server.grants.alive('user-1'))
    expect(server.grants.alive('user-1')).toBe(false)
    expect(endings(world)).toHaveLength(1)
  })

  it('signs out although the stored record cannot be read', async () => {
    const world = start({ session, backChannelLogout: true })
    const { store, server, tab } = world
    await signIn(tab, server)
    const cookie = tab.cookieHeader()
    const key =
      (await world.auth.session(new Request(origin, { headers: { cookie } })).getSession())?.id ?? ''
    await store.remove(key)
    await store.swap(key, undefined, 'garbage', 9e9)
    await tab.post('/auth/logout')
    expect(tab.cookies.size).toBe(0)
    expect((await tab.get('/', cookie)).status).toBe(401)
    expect(endings(world)).toMatchObject([{ reason: 'signed_out' }])
  })
})

describe.each(kinds)('B3: nothing waits long for a server that hangs, %s session', (session) => {
  it('a sign-out on a cold process', async () => {
    const warm = start({ session })
    const { server, tab, clock, options } = warm
    await signIn(tab, server)
    const cold = evertoken(options)
    const other = createBrowser(cold, server, answerWithToken(cold))
    for (const [name, value] of tab.cookies) other.cookies.set(name, value)
    server.always('discovery', { type: 'hang' })
    const [response, seconds] = await inTime({ clock }, other.post('/auth/logout'))
    expect(seconds).toBeLessThanOrEqual(2)
    expect(await response.json()).toMatchObject({ unconfirmed: ['authorization_server'], location: '/' })
    expect(response.status).toBe(202)
    expect(incomplete(warm)).toMatchObject([{ parts: ['authorization_server'], retrying: false }])
    expect((await tab.get('/')).status).toBe(401)
    server.release()
  })

  it('a sign-out while both hang', async () => {
    const warm = start({ session })
    const { server, tab, clock, options, store } = warm
    await signIn(tab, server)
    const cold = evertoken(options)
    const other = createBrowser(cold, server, answerWithToken(cold))
    for (const [name, value] of tab.cookies) other.cookies.set(name, value)
    server.always('discovery', { type: 'hang' })
    store.failure = 'hang'
    const [response, seconds] = await inTime({ clock }, other.post('/auth/logout'))
    expect(seconds).toBeLessThanOrEqual(2.1)
    expect(await response.json()).toMatchObject({
      unconfirmed: ['session', 'revocation', 'authorization_server'],
    })
    server.release()
  })

  it('a front-channel logout while the store hangs, which is completed later', async () => {
    const world = start({ session, frontChannelLogout: true })
    const { server, tab, store } = world
    await signIn(tab, server)
    const { sid = '' } = await userOf(tab)
    const cookie = tab.cookieHeader()
    store.failure = 'hang'
    const path = `/auth/front-channel-logout?${new URLSearchParams({ iss: server.issuer, sid })}`
    const [response, seconds] = await inTime(world, tab.get(path))
    expect(seconds).toBeLessThanOrEqual(4)
    expect(response.status).toBe(session === 'cookie' ? 200 : 503)
    store.failure = undefined
    await minutes(world, 1)
    await idle(() => !server.grants.alive('user-1'))
    expect(server.grants.alive('user-1')).toBe(false)
    expect((await tab.get('/', cookie)).status).toBe(401)
    expect(endings(world)).toMatchObject([{ reason: 'front_channel_logout' }])
  })

  it('a back-channel logout while the store hangs, which is completed later', async () => {
    const world = start({ session, backChannelLogout: true })
    const { auth, server, tab, store } = world
    await signIn(tab, server)
    const cookie = tab.cookieHeader()
    const body = new URLSearchParams({ logout_token: await server.logoutToken({ sub: 'user-1' }) })
    store.failure = 'hang'
    const request = new Request(`${origin}/auth/back-channel-logout`, { method: 'POST', body })
    const [response, seconds] = await inTime(
      world,
      auth.handle(request, () => new Response()),
    )
    expect(seconds).toBeLessThanOrEqual(4)
    expect(response.status).toBe(400)
    store.failure = undefined
    await minutes(world, 1)
    await idle(() => !server.grants.alive('user-1'))
    expect(server.grants.alive('user-1')).toBe(false)
    expect((await tab.get('/', cookie)).status).toBe(401)
    expect(endings(world)).toMatchObject([{ reason: 'back_channel_logout' }])
  })
})
