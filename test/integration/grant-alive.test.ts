import { createMemoryStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, createBrowser, kinds } from './application.ts'
import { idle, ofType, signIn, userOf } from './steps.ts'

const HOUR_MS = 3_600_000

describe.each(kinds)('S27: a session stays alive only while its grant does, %s session', (session) => {
  function start(options = {}) {
    const store = createMemoryStore()
    const application = createApplication({ session, store, idleTimeoutSeconds: 3600, ...options })
    const tab = application.browser(async () => {
      const user = await application.auth.getUser()
      return new Response(user?.sub ?? 'nobody')
    })
    const revoke = () => application.server.script('refresh', { type: 'error', error: 'invalid_grant' })
    return { ...application, tab, revoke }
  }

  it.each([
    ['the user route', '/auth/user', 401],
    ['getUser()', '/', 200],
  ])('%s refreshes first, so that a revoked grant ends the session', async (_what, path, status) => {
    const { tab, server, clock, events, revoke } = start()
    await signIn(tab, server)
    revoke()
    expect(await (await tab.get('/')).text()).toBe('user-1')
    await clock.advance(301_000)
    const response = await tab.get(path)
    expect(response.status).toBe(status)
    if (path === '/') expect(await response.text()).toBe('nobody')
    expect(ofType(events, 'session_ended')).toMatchObject([{ reason: 'grant_rejected' }])
  })

  it('a request that does not need the token extends the session by a refresh', async () => {
    const { tab, server, clock } = start()
    await signIn(tab, server)
    for (let i = 1; i <= 3; i++) {
      await clock.advance(HOUR_MS / 2)
      expect(await (await tab.get('/')).text()).toBe('user-1')
      expect(server.counts.refresh).toBe(i)
    }
  })

  it('a failure ends no session, but it does not extend it', async () => {
    const { tab, server, clock } = start()
    await signIn(tab, server)
    const { sessionExpiresAt } = await userOf(tab)
    await clock.advance(HOUR_MS / 2)
    server.script('refresh', { type: 'status', status: 500 })
    expect(await (await tab.get('/')).text()).toBe('user-1')
    expect((await userOf(tab, '?slide=false')).sessionExpiresAt).toBe(sessionExpiresAt)
  })

  it('a request that only polls causes no refresh', async () => {
    const { tab, server, clock } = start()
    await signIn(tab, server)
    await clock.advance(HOUR_MS / 2)
    expect((await tab.get('/auth/user?slide=false')).status).toBe(200)
    expect(server.counts.refresh).toBe(0)
  })

  it('without a refresh token, it is not extended any longer than its access token is valid', async () => {
    const { auth, tab, server, clock } = start()
    await tab.get('/', undefined, {}, async () => {
      const { refresh_token: _, ...tokens } = await server.issue({ expiresIn: 1200 })
      await auth.startSession(tokens)
      return new Response()
    })
    await clock.advance(1_000_000)
    await tab.get('/')
    await clock.advance(2_000_000)
    expect(await (await tab.get('/')).text()).toBe('user-1')
    await clock.advance(1_599_000)
    expect((await tab.get('/auth/user?slide=false')).status).toBe(200)
    await clock.advance(2000)
    expect((await tab.get('/auth/user')).status).toBe(401)
  })
})

it('S27: a copied cookie of a signed-out session is over at its first use after a restart that forgot the sign-out', async () => {
  const before = createApplication()
  const tab = before.browser()
  await signIn(tab, before.server)
  const cookie = tab.cookieHeader()
  await tab.post('/auth/logout')
  await idle(() => before.server.counts.revoke > 0)
  expect((await tab.get('/auth/user', cookie)).status).toBe(401)

  const { server, clock } = before
  const { auth } = createApplication({ ...before.options, store: createMemoryStore({ clock }), clock })
  const thief = createBrowser(auth, server, async () => new Response((await auth.getUser())?.sub ?? 'nobody'))
  await clock.advance(301_000)
  expect(await (await thief.get('/', cookie)).text()).toBe('nobody')
  expect((await thief.get('/auth/user', cookie)).status).toBe(401)
})
