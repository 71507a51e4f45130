import { dpop } from '@evertoken/core/dpop'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, type Browser } from './application.ts'
import { authorize, NAVIGATION, pathOf, signIn } from './steps.ts'

const PATH = `/${'a'.repeat(511)}`
/** The limit of nginx for one header line. */
const NGINX_BYTES = 8192

const headerBytes = (tab: Browser) => `cookie: ${tab.cookieHeader()}\r\n`.length
const loginCookies = (tab: Browser) => [...tab.cookies.keys()].filter((name) => name.includes('.login.'))

describe.each(kinds)('S40: pending logins, %s session', (session) => {
  it('of ten tabs all arrive, with the longest destination', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const started = []
    for (let i = 0; i < 10; i++)
      started.push(await authorize(tab, server, `?returnTo=${PATH.slice(0, -1)}${i}`))
    expect(headerBytes(tab)).toBeLessThan(NGINX_BYTES)
    for (const [i, { callback }] of started.entries()) {
      const done = await tab.get(pathOf(callback))
      expect(done.headers.get('location')).toBe(`${PATH.slice(0, -1)}${i}`)
      expect(loginCookies(tab)).toHaveLength(9 - i)
    }
  })

  it('of thirty tabs that a browser restores at the same time all arrive', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const started = await Promise.all(
      Array.from({ length: 30 }, (_, i) => authorize(tab, server, `?returnTo=${PATH.slice(0, -2)}${i + 10}`)),
    )
    expect(headerBytes(tab)).toBeLessThan(NGINX_BYTES)
    for (const [i, { callback }] of started.entries()) {
      const done = await tab.get(pathOf(callback))
      expect(done.headers.get('location')).toBe(`${PATH.slice(0, -2)}${i + 10}`)
    }
    expect(loginCookies(tab)).toEqual([])
  })

  it('stay within the budget however many there are, and the newest ten arrive', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const started = []
    for (let i = 0; i < 120; i++) {
      started.push(await authorize(tab, server, '?returnTo=/x'))
      expect(headerBytes(tab)).toBeLessThan(NGINX_BYTES - 1000)
    }
    for (const { callback } of started.slice(-10))
      expect((await tab.get(pathOf(callback))).headers.get('location')).toBe('/x')
  })

  it('make room for a session that starts', async () => {
    const about = 'x'.repeat(1500)
    const { server, browser } = createApplication({ session }, { user: { sub: 'user-1', claims: { about } } })
    const tab = browser()
    await Promise.all(Array.from({ length: 40 }, () => authorize(tab, server)))
    const last = await authorize(tab, server)
    expect((await tab.get(pathOf(last.callback))).status).toBe(303)
    expect(headerBytes(tab)).toBeLessThan(NGINX_BYTES - 1000)
    expect(loginCookies(tab).length).toBeGreaterThanOrEqual(10)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('and the way back of a sign-out are cleared by a sign-in', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    await tab.post('/auth/logout?returnTo=/bye')
    expect([...tab.cookies.keys()].some((name) => name.endsWith('.logout'))).toBe(true)
    await signIn(tab, server)
    expect([...tab.cookies.keys()]).toHaveLength(1)
  })

  it('are bound to the browser that began them', async () => {
    const { server, browser } = createApplication({ session })
    const [one, other] = [browser(), browser()]
    const { callback } = await authorize(one, server)
    await authorize(other, server)
    const [name = ''] = loginCookies(one)
    for (const value of [other.cookies.get(loginCookies(other)[0] ?? ''), '', 'x'.repeat(43)]) {
      const response = await other.get(pathOf(callback), `${name}=${value}`)
      expect(await response.json()).toMatchObject({ code: 'login_transaction_invalid' })
    }
    expect(server.counts.token).toBe(0)
  })

  it('cannot be forged or changed by a state', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server)
    const state = callback.searchParams.get('state') ?? ''
    expect(state).toMatch(/^[\w.,-]+$/)
    const middle = Math.floor(state.length / 2)
    const changed = state.slice(0, middle) + (state[middle] === 'A' ? 'B' : 'A') + state.slice(middle + 1)
    for (const other of [changed, '', 'x', state.slice(1), `${state}A`, state.replaceAll('.', '*')]) {
      const url = new URL(callback)
      url.searchParams.set('state', other)
      expect((await tab.get(pathOf(url))).status).toBe(400)
    }
    expect((await tab.get(pathOf(callback))).status).toBe(303)
    expect(server.counts.token).toBe(1)
  })

  it.each([['form_post'], ['query']] as const)(
    'are started by no prefetch, image, script or frame of another site, %s',
    async (responseMode) => {
      const { server, browser } = createApplication({ session, responseMode })
      const tab = browser()
      const cross = { 'sec-fetch-site': 'cross-site' }
      for (const [status, headers] of [
        [503, { ...NAVIGATION, 'sec-purpose': 'prefetch' }],
        [503, { ...NAVIGATION, purpose: 'prefetch' }],
        [400, { ...cross, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
        [400, { ...cross, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
        [400, { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
        [400, { ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
        [400, { ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'object' }],
      ] as const) {
        const response = await tab.get('/auth/login', undefined, { headers })
        expect([response.status, response.headers.getSetCookie()]).toEqual([status, []])
        expect(response.headers.get('cache-control')).toBe('no-store')
        if (status === 400) expect(await response.json()).toMatchObject({ code: 'navigation_required' })
      }
      expect(server.counts.authorize).toBe(0)

      const frame = { ...NAVIGATION, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' }
      for (const headers of [NAVIGATION, frame, {}])
        expect((await tab.get('/auth/login', undefined, { headers })).status).toBe(302)
    },
  )
})

it('S40: a session that exceeds the budget is refused with the remedy, and the old session stays', async () => {
  const about = 'x'.repeat(4500)
  const user = { sub: 'user-1', claims: { about } }
  const { server, browser } = createApplication({}, { user })
  const tab = browser()
  await tab.signIn()
  const response = await signIn(tab, server)

  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({
    code: 'session_too_large',
    title: expect.stringMatching(/`maxCookieBytes`.*`session: 'server'`/) as string,
  })
  expect((await tab.get('/')).status).toBe(200)
  const larger = createApplication({ maxCookieBytes: 12_000 }, { user })
  expect((await signIn(larger.browser(), larger.server)).status).toBe(303)
})

it('with DPoP, the `state` also carries the key of the login, and stays within 1,200 characters', async () => {
  const { browser, server } = createApplication({ senderConstraint: dpop() })
  const { location } = await authorize(browser(), server, `?returnTo=${PATH}`)
  expect(location.searchParams.has('dpop_jkt')).toBe(true)
  expect(location.searchParams.get('state')?.length).toBeLessThanOrEqual(1200)
})
