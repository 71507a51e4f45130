import { evertoken } from '@evertoken/node'
import { cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'

const DAY = 86_400

describe.each(kinds)('a session that the application names, %s session', (session) => {
  it('gives its cookies to a response by `commit`', async () => {
    const { auth, server } = createApplication({ session })
    const named = auth.session(new Request(origin))
    await named.startSession(await server.issue())
    const response = await named.commit(new Response('started', { headers: { 'x-own': '1' } }))

    expect(await response.text()).toBe('started')
    expect(response.headers.get('x-own')).toBe('1')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const again = auth.session(new Request(origin, { headers: { cookie: cookieHeaderOf(response) } }))
    expect(await again.getUserAccessToken()).toMatchObject({ type: 'Bearer' })
  })

  it('gives the same lines by `takeSetCookies`, and none if nothing has changed', async () => {
    const { auth, server, browser } = createApplication({ session })
    const named = auth.session(new Request(origin))
    await named.startSession(await server.issue())
    const lines = await named.takeSetCookies()

    expect(lines).toEqual([expect.stringMatching(/^__Host-Http-evertoken=[^;]+;.*HttpOnly/)])
    const cookie = cookieHeaderOf(lines)
    const next = auth.session(new Request(origin, { headers: { cookie } }))
    expect(await next.getUserAccessToken()).toMatchObject({ type: 'Bearer' })
    expect(await next.takeSetCookies()).toEqual([])
    // S33 removes cookies that Evertoken did not write, so it must know these lines.
    const passed = await browser(() => {
      const headers = new Headers(lines.map((line) => ['set-cookie', line]))
      return new Response('', { headers })
    }).get('/')
    expect(passed.headers.getSetCookie()).toEqual(lines)
  })
})

describe.each(kinds)('getSession, %s session', (session) => {
  it('resolves to the facts about the session, and refreshes nothing', async () => {
    const limits = { idleTimeoutSeconds: DAY, absoluteTimeoutSeconds: 30 * DAY }
    const { auth, server, clock, browser } = createApplication({ session, ...limits })
    let info: Awaited<ReturnType<typeof auth.getSession>>
    const tab = browser(async () => {
      info = await auth.getSession()
      return new Response()
    })
    await tab.get('/')
    expect(info).toBeUndefined()

    const startedAt = clock.now()
    await tab.signIn()
    await clock.advance(600_000)
    await tab.get('/')
    expect(info).toEqual({
      id: expect.any(String) as unknown,
      claims: expect.objectContaining({ sub: 'user-1' }) as unknown,
      startedAt: expect.closeTo(startedAt, 0) as unknown,
      lastUsedAt: expect.closeTo(startedAt, 0) as unknown,
      expiresAt: expect.closeTo(startedAt + DAY, 0) as unknown,
      grantExpiresAt: undefined,
      scope: 'openid',
      registration: undefined,
    })
    expect(server.counts.refresh).toBe(0)
  })

  it('keeps the start of the session if the option `absoluteTimeoutSeconds` changes', async () => {
    const before = createApplication({ session, absoluteTimeoutSeconds: 30 * DAY })
    const { clock, options } = before
    const startedAt = clock.now()
    const tab = before.browser()
    await tab.signIn()
    const auth = evertoken({ ...options, absoluteTimeoutSeconds: 7 * DAY })
    const request = new Request(origin, { headers: { cookie: tab.cookieHeader() } })
    expect(await auth.session(request).getSession()).toMatchObject({
      startedAt: expect.closeTo(startedAt, 0) as unknown,
    })
  })

  it('returns a copy of the claims, and extends the session', async () => {
    const { auth, clock, browser } = createApplication({ session, idleTimeoutSeconds: DAY })
    const tab = browser(async () => {
      const info = await auth.getSession()
      if (info) Object.assign(info.claims, { sub: 'other' })
      const sub = (await auth.getSession())?.claims.sub
      return new Response(`${sub}`)
    })
    await tab.signIn(30 * DAY)
    for (let half = 0; half < 4; half++) {
      await clock.advance((DAY / 2) * 1000)
      expect(await (await tab.get('/')).text()).toBe('user-1')
    }
  })
})
