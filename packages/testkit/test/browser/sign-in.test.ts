import { evertoken } from '@evertoken/node'
import { createMemoryStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import {
  createAuthorizationServer,
  createBrowser,
  createFaultyStore,
  createManualClock,
  createResourceServer,
} from '../../src/index.ts'
import { signIn } from '../../src/session.ts'

function createApplication(session: 'cookie' | 'server') {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, accessTokenSeconds: 60 })
  const api = createResourceServer({ authorizationServer: server })
  const store = createFaultyStore(createMemoryStore({ clock }), { clock })
  const auth = evertoken({
    issuer: server.issuer,
    clientId: 'web',
    clientSecret: 'web-secret-for-tests-only',
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: 'https://app.example.com',
    fetch: (input, init) => server.fetch(input, init),
    clock,
    session,
    store,
  })
  const orders = auth.createTokenFetch({
    baseUrl: `${api.url}/`,
    fetch: (input, init) => api.fetch(input, init),
  })
  const app = auth.handler(() => orders('orders'))
  const browser = createBrowser({ authorizationServer: server, clock })
  return { clock, server, api, store, auth, app, browser }
}

describe.each(['cookie', 'server'] as const)('with a %s session', (session) => {
  it('runs the whole login, and calls the API as the user', async () => {
    const { clock, server, api, app, browser } = createApplication(session)
    const callback = await browser.signIn(app, { loginUrl: '/auth/login?returnTo=/orders', user: 'ada' })
    expect([callback.status, callback.headers.get('location')]).toEqual([303, '/orders'])
    expect(await (await browser.fetch(app, '/orders')).json()).toMatchObject({ sub: 'ada' })
    await clock.advance(61_000)
    expect(await (await browser.openTab().fetch(app, '/orders')).json()).toMatchObject({ sub: 'ada' })
    await clock.advance(20_000)
    api.rejectNext()
    expect((await browser.fetch(app, '/orders')).status).toBe(200)
    expect([server.maxUses(), api.counts.accepted]).toEqual([1, 3])
  })

  it('starts a session without an authorization server', async () => {
    const { auth, api, app } = createApplication(session)
    const alice = await signIn(auth, { claims: { sub: 'alice' }, accessToken: 'token-of-alice' })
    expect((await alice.fetch(app, '/orders')).status).toBe(401)
    expect(api.log[0]?.token).toBe('token-of-alice')
    const user = await alice.fetch(app, '/auth/user')
    expect(await user.json()).toMatchObject({ claims: { sub: 'alice' } })
    const info = await auth.session(alice.request('/')).getSession()
    expect(alice.sessionId).toBe(info?.id)
    alice.restore({ cookies: [] })
    expect(alice.cookie).toBe('')
  })

  it('names the remedy if the browser is at another address than the application', async () => {
    const { auth } = createApplication(session)
    const options = { baseUrl: 'http://localhost:3000' }
    await expect(signIn(auth, { claims: { sub: 'alice' } }, options)).rejects.toThrow(/Pass the `baseUrl`/)
  })
})
