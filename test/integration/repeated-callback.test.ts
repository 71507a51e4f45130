import { createMemoryStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { pauseAfterProcessing, cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { answerWithToken, type Application, createApplication, createBrowser, kinds } from './application.ts'
import { createFailingStore } from './failing-store.ts'
import { authorize, NAVIGATION, ofType, pathOf, signIn } from './steps.ts'

const FROM_SERVER = { headers: { ...NAVIGATION, 'sec-fetch-site': 'cross-site' } }
const FROM_PAGE = { headers: { ...NAVIGATION, 'sec-fetch-site': 'same-origin' } }

/** A store that other processes can share, as Redis is. */
const sharedStore = () => ({ ...createMemoryStore(), outlivesProcess: true })

/** Another process of the same application. */
function secondProcess({ options, server }: Application) {
  const auth = evertoken(options)
  return createBrowser(auth, server, answerWithToken(auth))
}

const sessionOf = (response: Response) =>
  response.headers.getSetCookie().filter((line) => /^__Host-[\w-]+=[^;]/.test(line))

describe.each(kinds)('S34: an authorization response that arrives again, %s session', (session) => {
  it('at the same time is redeemed once, and both requests get the session', async () => {
    const { server, browser, events } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server, '?returnTo=/orders')
    const before = tab.cookieHeader()
    const hold = pauseAfterProcessing()
    server.script('token', hold)
    const calls = [1, 2, 3].map(() => tab.get(pathOf(callback), before, FROM_SERVER))
    await hold.reached
    hold.release()
    const responses = await Promise.all(calls)

    expect(server.counts.token).toBe(1)
    expect(responses.map((response) => response.headers.get('location'))).toEqual(Array(3).fill('/orders'))
    const [first, ...others] = responses.map((response) => cookieHeaderOf(sessionOf(response)))
    expect(first).not.toBe('')
    expect(others).toEqual([first, first])
    expect(ofType(events, 'session_started')).toHaveLength(1)
    expect(ofType(events, 'session_ended')).toEqual([])
    expect((await tab.get('/')).status).toBe(200)
  })

  it('with another code is not redeemed either', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server)
    const kept = tab.cookieHeader()
    await tab.get(pathOf(callback))
    const again = await authorize(tab, server)
    callback.searchParams.set('code', again.callback.searchParams.get('code') ?? '')
    const response = await browser().get(pathOf(callback), kept)

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'login_transaction_invalid' })
    expect(server.counts.token).toBe(1)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('at another process is not redeemed, at the same time or later', async () => {
    const store = sharedStore()
    const application = createApplication({ session, store })
    const { server } = application
    const tab = application.browser()
    const other = secondProcess(application)
    const { callback } = await authorize(tab, server)
    const before = tab.cookieHeader()
    const responses = await Promise.all([tab, other].map((each) => each.get(pathOf(callback), before)))

    expect(responses.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 400])
    expect((await secondProcess(application).get(pathOf(callback), before)).status).toBe(400)
    expect(server.counts.token).toBe(1)
  })

  it('at another instance of the process is not redeemed, if they share a memory store', async () => {
    for (const options of [{}, { store: createMemoryStore() }]) {
      const application = createApplication({ session, ...options })
      const { server } = application
      const tab = application.browser()
      const { callback } = await authorize(tab, server)
      const before = tab.cookieHeader()
      const pair = [tab, secondProcess(application)]
      const responses = await Promise.all(pair.map((each) => each.get(pathOf(callback), before)))

      expect(responses.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 400])
      expect((await secondProcess(application).get(pathOf(callback), before)).status).toBe(400)
      expect(server.counts.token).toBe(1)
    }
  })

  it('with the session that resulted leads to the destination, also at another process and later', async () => {
    const application = createApplication({ session, store: sharedStore() })
    const { server, clock } = application
    const tab = application.browser()
    const { callback } = await authorize(tab, server, '?returnTo=/orders')
    await tab.get(pathOf(callback), undefined, FROM_SERVER)
    await clock.advance(2_000_000)
    for (const each of [tab, secondProcess(application)]) {
      const response = await each.get(pathOf(callback), tab.cookieHeader(), FROM_SERVER)
      expect([response.status, response.headers.get('location')]).toEqual([303, '/orders'])
    }
    expect(server.counts.token).toBe(1)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('after the user signed out is refused', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server, '?returnTo=/orders')
    await tab.get(pathOf(callback))
    const before = tab.cookieHeader()
    await tab.post('/auth/logout')
    expect((await tab.get(pathOf(callback), before)).status).toBe(400)
  })

  it('S24: with the session of another login is refused, because another user could have chosen the address', async () => {
    const { server, browser } = createApplication({ session })
    const attacker = browser()
    const { callback } = await authorize(attacker, server, '?returnTo=/api/delete')
    const victim = browser()
    await signIn(victim, server)
    const response = await victim.get(pathOf(callback), undefined, FROM_SERVER)

    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    expect(response.headers.get('refresh')).toBeNull()
    expect((await victim.get('/')).status).toBe(200)
  })

  it('S24: of the silent login of another user is refused, whether it succeeded or not', async () => {
    for (const user of [undefined, { sub: 'user-1' }]) {
      const { server, browser } = createApplication({ session }, { user })
      const { callback } = await authorize(browser(), server, '?prompt=none&returnTo=/api/delete')
      const victim = browser()
      await victim.signIn()
      for (const cookies of ['', undefined]) {
        const response = await victim.get(pathOf(callback), cookies, FROM_SERVER)
        expect([response.status, response.headers.get('location')]).toEqual([400, null])
      }
    }
  })

  it('S24: after a login that another site began leads to the page with the link', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const login = await tab.get('/auth/login?returnTo=/orders', undefined, FROM_SERVER)
    const url = new URL(login.headers.get('location') ?? '')
    const answered = await server.fetch(url, { redirect: 'manual' })
    const callback = pathOf(new URL(answered.headers.get('location') ?? ''))
    for (let i = 0; i < 2; i++) {
      const response = await tab.get(callback, undefined, FROM_SERVER)
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('<a href="/orders">')
    }
  })

  it('by the Back button finds a Strict session by a request of the application itself', async () => {
    const { server, browser } = createApplication({ session, sameSite: 'Strict' })
    const tab = browser()
    const { callback } = await authorize(tab, server, '?returnTo=/orders')
    await tab.get(pathOf(callback), undefined, FROM_SERVER)
    // A Strict cookie is not sent with a request that another site has caused.
    const hidden = await tab.get(pathOf(callback), '', FROM_SERVER)
    const [, next = ''] =
      /^0;url=(\/auth\/callback\?state=.*)$/.exec(hidden.headers.get('refresh') ?? '') ?? []
    const response = await tab.get(next, undefined, FROM_PAGE)

    expect(response.headers.get('refresh')).toBe('0;url=/orders')
    // Without a session, it ends there.
    expect((await browser().get(next, undefined, FROM_PAGE)).status).toBe(400)
  })

  it('in a form finds the session by a request of the application itself', async () => {
    const { server, browser } = createApplication({ session, responseMode: 'form_post' })
    const tab = browser()
    const login = await tab.get('/auth/login?returnTo=/orders')
    const url = new URL(login.headers.get('location') ?? '')
    // The model server would respond with a form.
    url.searchParams.delete('response_mode')
    const answered = await server.fetch(url, { redirect: 'manual' })
    const callback = new URL(answered.headers.get('location') ?? '')
    const headers = { ...FROM_SERVER.headers, 'content-type': 'application/x-www-form-urlencoded' }
    const init = { method: 'POST', headers, body: String(callback.searchParams) }
    const post = (cookies?: string) => tab.get('/auth/callback', cookies, init)
    expect((await post()).headers.get('location')).toBe('/orders')
    const again = await post('')
    const [, next = ''] = /^0;url=(.*)$/.exec(again.headers.get('refresh') ?? '') ?? []
    expect((await tab.get(next, undefined, FROM_PAGE)).headers.get('location')).toBe('/orders')
    expect(server.counts.token).toBe(1)
  })

  it('without a response of the authorization server spends no login', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server, '?returnTo=/orders')
    const state = encodeURIComponent(callback.searchParams.get('state') ?? '')
    const empty = await tab.get(`/auth/callback?state=${state}`, undefined, FROM_SERVER)

    expect([empty.status, empty.headers.getSetCookie()]).toEqual([400, []])
    expect((await tab.get(pathOf(callback), undefined, FROM_SERVER)).headers.get('location')).toBe('/orders')
    expect((await tab.get('/')).status).toBe(200)
  })

  it.each([
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { purpose: 'prefetch' },
    { 'x-moz': 'prefetch' },
    { 'x-purpose': 'preview' },
  ])('as a prefetch with %j is not used', async (purpose) => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server)
    const headers = { ...FROM_SERVER.headers, ...purpose }
    const prefetched = await tab.get(pathOf(callback), undefined, { headers })

    expect([prefetched.status, prefetched.headers.getSetCookie()]).toEqual([503, []])
    expect(server.counts.token).toBe(0)
    expect((await tab.get(pathOf(callback))).status).toBe(303)
  })
})

it('S34: a flood of logins pushes no sign-out of another user out of a memory store', async () => {
  const application = createApplication({ store: createMemoryStore({ maxEntries: 10 }) })
  const { server, browser } = application
  const tab = browser()
  await signIn(tab, server)
  const copy = tab.cookieHeader()
  await tab.post('/auth/logout')
  const other = browser()
  for (let i = 0; i < 30; i++) {
    const { callback } = await authorize(other, server)
    callback.searchParams.set('code', 'wrong')
    expect((await other.get(pathOf(callback))).status).toBe(400)
  }
  // The instance that has ended the session would remember that without its store.
  expect((await secondProcess(application).get('/', copy)).status).toBe(401)
})

it('S34: users of cookie sessions can sign in while the store is down', async () => {
  const store = createFailingStore(() => Date.now() / 1000)
  store.failure = 'down'
  const { server, browser } = createApplication({ store })
  const tab = browser()
  const { callback } = await authorize(tab, server)
  const before = tab.cookieHeader()
  expect((await tab.get(pathOf(callback))).status).toBe(303)
  // This process remembers the login in its memory.
  expect((await browser().get(pathOf(callback), before)).status).toBe(400)
  expect(server.counts.token).toBe(1)
})
