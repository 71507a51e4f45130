import { createMemoryStore, type SessionStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { createFaultyStore, type LogoutTokenOptions } from '@evertoken/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type Application,
  answerWithToken,
  createApplication,
  createBrowser,
  kinds,
  origin,
  type Overrides,
} from './application.ts'
import { idle, ofType, signIn } from './steps.ts'

const PATH = '/auth/back-channel-logout'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('base64url')
}

/** An application with the route, and what the authorization server does with it. */
function start(options: Overrides = {}, serverOptions = {}) {
  let clock = { now: () => 0, elapsed: () => 0 }
  const store =
    options.store ?? createMemoryStore({ clock: { now: () => clock.now(), elapsed: () => clock.elapsed() } })
  const application = createApplication({ backChannelLogout: true, ...options, store }, serverOptions)
  clock = application.clock
  return { ...application, ...backChannelOf(application) }
}

function backChannelOf({ auth, server }: Pick<Application, 'auth' | 'server'>) {
  const send = (body: BodyInit, headers = {}) =>
    auth.handle(
      new Request(origin + PATH, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body,
      }),
      () => new Response('application', { status: 404 }),
    )
  const post = (token: string) => send(`logout_token=${encodeURIComponent(token)}`)
  return {
    send,
    post,
    logOut: async (token: LogoutTokenOptions) => post(await server.logoutToken(token)),
  }
}

afterEach(() => {
  vi.useRealTimers()
})

describe.each(kinds)('S12: back-channel logout, %s session', (session) => {
  it('ends one session by its sid, revokes its refresh token, and leaves the others', async () => {
    const { server, browser, events, logOut } = start({ session })
    const [one, two] = [browser(), browser()]
    await signIn(one, server)
    const { sid = '', id = '' } = server.grants.find('user-1') ?? {}
    await signIn(two, server)
    const response = await logOut({ sid, sub: 'user-1' })

    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await one.get('/')).status).toBe(401)
    expect((await two.get('/')).status).toBe(200)
    await idle(() => server.counts.revoke > 0)
    expect(server.grants.alive(id)).toBe(false)
    expect(ofType(events, 'session_ended')).toMatchObject([{ reason: 'back_channel_logout' }])
  })

  it.each([
    ['its subject', { sub: 'user-1' }, true],
    ['one session', {}, false],
  ])('that names %s ends all of them where it names no other', async (_what, named, byName) => {
    const { server, browser, logOut } = start({ session, backChannelLogout: byName ? true : 'all' })
    const tabs = [browser(), browser(), browser()]
    for (const tab of tabs) await signIn(tab, server)
    const other = browser()
    await signIn(other, server, '?login_hint=user-2')
    const sid = server.grants.find('user-1')?.sid ?? ''

    expect((await logOut(byName ? named : { sid })).status).toBe(200)
    for (const tab of tabs) expect((await tab.get('/')).status).toBe(401)
    expect((await other.get('/')).status).toBe(200)
  })

  it('ends a session on another process, and one that was refreshed and is idle', async () => {
    const { server, browser, clock, options, logOut } = start({ session })
    const elsewhere = evertoken(options)
    const tab = createBrowser(elsewhere, server, answerWithToken(elsewhere))
    await signIn(tab, server)
    const first = tab.cookieHeader()
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    await clock.advance(400_000)
    await tab.get('/auth/user')
    await clock.advance(80_000_000)

    expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    for (const cookie of [tab.cookieHeader(), first]) expect((await tab.get('/', cookie)).status).toBe(401)
    expect((await browser().get('/')).status).toBe(401)
    await idle(() => server.counts.revoke > 0)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('S27: an old cookie is refused for as long as it would have been valid', async () => {
    const { server, browser, clock, logOut } = start({ session })
    const tab = browser()
    await signIn(tab, server)
    await logOut({ sub: 'user-1' })
    for (let day = 0; day < 29; day++) {
      await clock.advance(86_400_000)
      expect((await tab.get('/')).status).toBe(401)
    }
  })

  it('ends a session that the application started itself', async () => {
    const { browser, logOut } = start({ session })
    const tab = browser()
    await tab.signIn()
    expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    expect((await tab.get('/')).status).toBe(401)
  })

  it('succeeds where there is nothing to end: unknown, over already, signed out', async () => {
    const { server, browser, logOut } = start({ session })
    const tab = browser()
    await signIn(tab, server)
    await tab.post('/auth/logout')
    expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    expect((await logOut({ sub: 'nobody' })).status).toBe(200)
    expect((await logOut({ sid: 'unknown' })).status).toBe(200)
  })

  it('takes no notice of cookies, nor of where the request seems to come from', async () => {
    const { server, browser, send } = start({ session })
    const tab = browser()
    await signIn(tab, server)
    const token = await server.logoutToken({ sub: 'somebody else' })
    const headers = {
      cookie: tab.cookieHeader(),
      'sec-fetch-site': 'cross-site',
      origin: 'https://evil.example',
    }
    const response = await send(`logout_token=${token}`, headers)
    expect(response.status).toBe(200)
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await tab.get('/')).status).toBe(200)
  })

  const now = 1_800_000_000
  it.each<[string, LogoutTokenOptions]>([
    ['without a signature', { signature: 'none' }],
    ['with a broken signature', { signature: 'broken' }],
    ['with another alg', { header: { alg: 'HS256' } }],
    ['with an alg that nobody knows', { header: { alg: 'XX' } }],
    ['with an unknown key', { header: { kid: 'another' } }],
    ['with something critical', { header: { crit: ['b64'], b64: false } }],
    ['that is an access token', { header: { typ: 'at+jwt' } }],
    ['of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['for another client', { clientId: 'another' }],
    ['for nobody', { claims: { aud: undefined } }],
    ['that has expired', { claims: { exp: now - 120 } }],
    ['that is not valid yet', { claims: { nbf: now + 120 } }],
    ['that never expires', { claims: { exp: undefined } }],
    ['that is old', { claims: { iat: now - 3600, exp: now + 3600 } }],
    ['from the future', { claims: { iat: now + 3600, exp: now + 7200 } }],
    ['without iat', { claims: { iat: undefined } }],
    ['without jti', { claims: { jti: undefined } }],
    ['without the event', { claims: { events: undefined } }],
    ['with another event', { claims: { events: { other: {} } } }],
    ['with the event as a text', { claims: { events: EVENT } }],
    ['with a nonce', { claims: { nonce: 'n' } }],
    ['that names nobody', { claims: { sub: undefined } }],
    ['with an odd sub', { claims: { sub: ['user-1'] } }],
  ])('refuses a token %s', async (_what, tweak) => {
    const { server, browser, events, logOut, clock } = start({ session })
    expect(clock.now()).toBe(now)
    const tab = browser()
    await signIn(tab, server)
    const response = await logOut({ sub: 'user-1', ...tweak })

    expect(response.status).toBe(400)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ error: 'invalid_request' })
    expect(text).not.toMatch(/canary|user-1/)
    expect((await tab.get('/')).status).toBe(200)
    expect(ofType(events, 'logout_token_rejected')).toMatchObject([{ code: 'logout_token_invalid' }])
    expect(ofType(events, 'session_ended')).toEqual([])
  })

  it('refuses an ID token of the user, although everything about it is genuine', async () => {
    const { server, browser, post } = start({ session })
    const tab = browser()
    await signIn(tab, server)
    const { id_token = '' } = await server.issue({ sub: 'user-1' })
    expect((await post(id_token)).status).toBe(400)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('refuses a token that was used before, on whatever process', async () => {
    const { server, browser, options, post, clock } = start({ session })
    const token = await server.logoutToken({ sub: 'user-1' })
    expect((await post(token)).status).toBe(200)
    await clock.advance(1000)
    const tab = browser()
    await signIn(tab, server)
    expect((await post(token)).status).toBe(400)
    const other = backChannelOf({ auth: evertoken(options), server })
    expect((await other.post(token)).status).toBe(400)
    await clock.advance(118_000)
    expect((await post(token)).status).toBe(400)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('twice at the same time: one of them', async () => {
    const { server, browser, post } = start({ session })
    const tab = browser()
    await signIn(tab, server)
    const token = await server.logoutToken({ sub: 'user-1' })
    const statuses = (await Promise.all([post(token), post(token), post(token)])).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect((await tab.get('/')).status).toBe(401)
  })

  it('can be tried again after the store has failed', async () => {
    const store = createFaultyStore(createMemoryStore())
    const { server, browser, events, post } = start({ session, store })
    const tab = browser()
    await signIn(tab, server)
    const token = await server.logoutToken({ sub: 'user-1' })
    const fault = { type: 'fail', error: new Error('canary') } as const
    store.always('index', ({ method }) => (method === 'keys' ? fault : undefined))
    const response = await post(token)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect(ofType(events, 'store_failed')).toEqual([
      { type: 'store_failed', operation: 'index', cause: expect.anything() },
    ])
    store.always('index', undefined)
    expect((await post(token)).status).toBe(200)
    expect((await tab.get('/')).status).toBe(401)
  })

  it('ends the others when one cannot be read', async () => {
    const honest = createMemoryStore()
    let poisoned = ''
    const read = async (key: string) => (key === poisoned ? 'garbage' : honest.read(key))
    const { server, browser, logOut } = start({ session, store: { ...honest, read } })
    const tabs = [browser(), browser(), browser()]
    for (const tab of tabs) await signIn(tab, server)
    const term = await sha256(JSON.stringify([server.issuer, 'sub', 'user-1']))
    poisoned = (await honest.index?.keys(term))?.[1] ?? ''
    expect(poisoned).not.toBe('')
    expect((await logOut({ sub: 'user-1' })).status).toBe(400)
    expect((await tabs[0]?.get('/'))?.status).toBe(401)
    expect((await tabs[2]?.get('/'))?.status).toBe(401)
  })

  it('does not sign the user in when the index fails: that session could never be ended', async () => {
    const honest = createMemoryStore()
    const add = () => Promise.reject(new Error('down'))
    const store = { ...honest, index: { ...honest.index!, add } }
    const { server, browser } = start({ session, store })
    const tab = browser()
    expect((await signIn(tab, server)).status).toBe(503)
    expect((await tab.get('/')).status).toBe(401)
    await idle(() => server.counts.revoke > 0)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it.each<[string, BodyInit, object]>([
    ['no token', 'x=1', {}],
    ['an empty one', 'logout_token=', {}],
    ['two', 'logout_token=a.b.c&logout_token=a.b.c', {}],
    ['a long one', `logout_token=${'x'.repeat(17_000)}`, {}],
    ['a body of 10 MB', `logout_token=${'x'.repeat(10_000_000)}`, {}],
    ['garbage', 'logout_token=%00%ff.%0d%0a.', {}],
    ['JSON', '{"logout_token":"a.b.c"}', { 'content-type': 'application/json' }],
  ])('refuses %s', async (_what, body, headers) => {
    const { send, server } = start({ session })
    const response = await send(body, headers)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
    expect(server.counts.jwks).toBe(0)
  })

  it('refuses a second token, and one that is too long, although they are genuine', async () => {
    const { server, browser, send } = start({ session })
    const tab = browser()
    await signIn(tab, server)
    const token = await server.logoutToken({ sub: 'user-1' })
    const long = await server.logoutToken({ sub: 'user-1', claims: { padding: 'x'.repeat(13_000) } })
    for (const body of [`logout_token=${token}&logout_token=${token}`, `logout_token=${long}`])
      expect((await send(body)).status).toBe(400)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('refuses any other method', async () => {
    const { auth, server } = start({ session })
    const token = await server.logoutToken({ sub: 'user-1' })
    const url = `${origin}${PATH}?logout_token=${token}`
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await auth.handle(new Request(url, { method }), () => new Response())).status).toBe(405)
    }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const put = new Request(url, { method: 'PUT', headers, body: `logout_token=${token}` })
    expect((await auth.handle(put, () => new Response())).status).toBe(405)
  })

  it('is not there unless it is asked for', async () => {
    const { send } = start({ session, backChannelLogout: false })
    expect(await (await send('logout_token=x')).text()).toBe('application')
  })
})

describe('S8: the keys of the authorization server', () => {
  it('are fetched once, and again for a key that is not among them, but not for every forgery', async () => {
    const { server, clock, logOut } = start()
    expect((await logOut({ sub: 'a' })).status).toBe(200)
    expect((await logOut({ sub: 'a' })).status).toBe(200)
    expect(server.counts.jwks).toBe(1)
    for (let i = 0; i < 50; i++)
      expect((await logOut({ sub: 'a', header: { kid: `k${i}` } })).status).toBe(400)
    expect(server.counts.jwks).toBe(1)

    server.rotateKeys()
    expect((await logOut({ sub: 'a' })).status).toBe(400)
    await clock.advance(61_000)
    expect((await logOut({ sub: 'a' })).status).toBe(200)
    expect(server.counts.jwks).toBe(2)
  })

  it.each([
    ['are gone', { type: 'status', status: 503 }],
    ['are elsewhere', { type: 'redirect', to: 'https://evil.example/jwks' }],
    ['are garbage', { type: 'body', body: 'html' }],
    ['cannot be had', { type: 'reset', processed: false }],
  ] as const)('that %s end no session', async (_what, fault) => {
    const { server, browser, clock, logOut } = start()
    const tab = browser()
    await signIn(tab, server)
    // The sign-in needed the keys too.
    server.rotateKeys()
    await clock.advance(61_000)
    server.script('jwks', fault)
    const response = await logOut({ sub: 'user-1' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect((await tab.get('/')).status).toBe(200)
    expect(server.log.filter(({ kind }) => kind === 'elsewhere')).toEqual([])
    await clock.advance(10_000)
    expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    expect((await tab.get('/')).status).toBe(401)
  })

  it('S12: are asked for once per cool-down, however many tokens are forged, also while the endpoint is down', async () => {
    const { server, clock, logOut } = start()
    const forge = (i: number) => logOut({ sub: 'user-1', header: { kid: `k${i}` } })
    const forgeMany = () => Promise.all(Array.from({ length: 50 }, (_, i) => forge(i)))
    server.script(
      'jwks',
      Array.from({ length: 3 }, () => ({ type: 'status', status: 503 }) as const),
    )
    for (let round = 1; round <= 3; round++) {
      for (const { status } of await forgeMany()) expect(status).toBe(400)
      for (const { status } of await forgeMany()) expect(status).toBe(400)
      expect(server.counts.jwks).toBe(round)
      await clock.advance(10_000)
    }
    expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    expect(server.counts.jwks).toBe(4)
    for (let minute = 1; minute <= 3; minute++) {
      await clock.advance(60_000)
      await forgeMany()
      expect(server.counts.jwks).toBe(4 + minute)
    }
  })

  it('S12: are asked for once by tokens that arrive together', async () => {
    const { server, logOut } = start()
    const responses = await Promise.all(Array.from({ length: 20 }, () => logOut({ sub: 'user-1' })))
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200))
    expect(server.counts.jwks).toBe(1)
  })

  it('S12: that are known still work while the endpoint is down', async () => {
    const { server, clock, logOut } = start()
    expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    await clock.advance(301_000)
    server.script('jwks', { type: 'status', status: 503 })
    for (let i = 0; i < 3; i++) expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    expect(server.counts.jwks).toBe(2)
  })

  it('S12: are not fetched to refuse a token whose claims are invalid', async () => {
    const { server, logOut } = start()
    const claims = [{ iss: 'https://evil.example' }, { aud: 'other' }, { jti: '' }, { nonce: 'n' }]
    for (const each of claims) expect((await logOut({ sub: 'user-1', claims: { ...each } })).status).toBe(400)
    expect(server.counts.jwks).toBe(0)
  })

  it('S9: sign with the algorithms that the server has named, and no other', async () => {
    const metadata = { id_token_signing_alg_values_supported: ['RS256'] }
    const { server, browser, logOut } = start({}, { metadata })
    const tab = browser()
    await tab.signIn()
    expect((await logOut({ sub: 'user-1' })).status).toBe(400)
    expect(server.counts.jwks).toBe(0)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('work with RS256 as well', async () => {
    const { server, browser, logOut } = start({}, { idTokenAlgorithm: 'RS256' })
    const tab = browser()
    await signIn(tab, server)
    expect((await logOut({ sub: 'user-1' })).status).toBe(200)
    expect((await tab.get('/')).status).toBe(401)
  })
})

it('writes only the mark of the login at a sign-in without it', async () => {
  const honest = createMemoryStore()
  let writes = 0
  const add = () => Promise.resolve(void writes++)
  const swap = (...args: Parameters<SessionStore['swap']>) => (writes++, honest.swap(...args))
  const store = { ...honest, swap, index: { ...honest.index!, add } }
  const { server, browser } = start({ backChannelLogout: false, store })
  await signIn(browser(), server)
  expect(writes).toBe(1)
})
