import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'
import { NAVIGATION, ofType } from './steps.ts'

describe.each(kinds)('route, %s session', (session) => {
  it('handles only the routes of Evertoken', async () => {
    const { auth } = createApplication({ session })
    expect(auth.route(new Request(`${origin}/orders`))).toBeUndefined()
    expect(auth.route(new Request(`${origin}/auth/unknown`))).toBeUndefined()
    const user = await auth.route(new Request(`${origin}/auth/user`, { headers: NAVIGATION }))
    expect(user?.status).toBe(401)
    const login = await auth.route(new Request(`${origin}/auth/login`, { headers: NAVIGATION }))
    expect([login?.status, login?.headers.getSetCookie().length]).toEqual([302, 1])
    expect((await auth.route(new Request(`${origin}/auth/login`, { method: 'PUT' })))?.status).toBe(405)
  })

  it('sends the cookies of the session, and knows who is signed in', async () => {
    const { auth, browser } = createApplication({ session, idleTimeoutSeconds: 60 })
    const tab = browser()
    await tab.signIn()
    const headers = { ...NAVIGATION, cookie: tab.cookieHeader() }
    const user = await auth.route(new Request(`${origin}/auth/user`, { headers }))
    expect(await user?.json()).toMatchObject({ claims: { sub: 'user-1' } })
    const form = { method: 'POST', headers: { ...headers, origin, 'sec-fetch-site': 'same-origin' } }
    const logout = await auth.route(new Request(`${origin}/auth/logout`, form))
    expect(logout?.headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=0')])
  })

  it('is tracked by drain', async () => {
    const { auth } = createApplication({ session })
    let isDone = false
    void auth.route(new Request(`${origin}/auth/login`, { headers: NAVIGATION }))?.then(() => (isDone = true))
    await auth.drain()
    await Promise.resolve()
    expect(isDone).toBe(true)
  })
})

it('a handler without an application responds to all other requests with 404', async () => {
  const { auth } = createApplication()
  const handle = auth.handler()
  expect((await handle(new Request(`${origin}/orders`))).status).toBe(404)
  expect((await handle(new Request(`${origin}/auth/user`, { headers: NAVIGATION }))).status).toBe(401)
})

it('passes each event to all listeners, and an error of one affects no other', async () => {
  const seen: string[] = []
  const { browser, events } = createApplication({
    onEvent: [
      ({ type }) => seen.push(`first ${type}`),
      () => {
        throw new Error('a broken listener')
      },
      ({ type }) => seen.push(`last ${type}`),
    ],
  })
  await browser().signIn()
  expect(seen).toEqual(['first session_started', 'last session_started'])
  expect(ofType(events, 'session_started')).toEqual([])
})
