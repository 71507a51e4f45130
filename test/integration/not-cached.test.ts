import { createMemoryStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { authorize, NAVIGATION, pathOf, signIn } from './steps.ts'

const development = 'http://127.0.0.1:3000'
const start = (session: (typeof kinds)[number]) =>
  createApplication({
    session,
    baseUrl: development,
    store: createMemoryStore(),
    backChannelLogout: true,
    frontChannelLogout: true,
    diagnostics: true,
  })

const paths = [
  '/auth/login',
  '/auth/login?prompt=none',
  '/auth/login?max_age=soon',
  '/auth/callback',
  '/auth/callback?state=unknown&code=unknown',
  '/auth/user',
  '/auth/user?slide=false',
  '/auth/logout',
  '/auth/back-channel-logout',
  '/auth/front-channel-logout',
  '/auth/diagnostics',
]

describe.each(kinds)('S25: not to be cached, %s session', (session) => {
  it.each(paths)('%s, for all clients and methods', async (path) => {
    const { browser, server } = start(session)
    const stranger = browser()
    const user = browser()
    await signIn(user, server)
    for (const tab of [stranger, user]) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
        for (const headers of [{}, NAVIGATION, { 'sec-fetch-site': 'same-origin' }]) {
          const response = await tab.get(development + path, undefined, { method, headers })
          expect([method, response.headers.get('cache-control')]).toEqual([method, 'no-store'])
        }
      }
    }
  })

  it('a page of the application that sets cookies, for any caching headers', async () => {
    const { auth, browser, server, clock } = start(session)
    const tab = browser(async () => {
      await auth.getUserAccessToken()
      return new Response('page', { headers: { 'cache-control': 'public, max-age=60' } })
    })
    const { callback } = await authorize(tab, server)
    const answers = [await tab.get(pathOf(callback)), await tab.get('/')]
    await clock.advance(301_000)
    answers.push(await tab.get('/'))
    const withCookies = answers.filter(({ headers }) => headers.getSetCookie().length > 0)

    expect(withCookies.length).toBeGreaterThan(0)
    for (const { headers } of withCookies) expect(headers.get('cache-control')).toBe('no-store')
  })

  it('the way back from signing out', async () => {
    const { browser, server } = start(session)
    const tab = browser()
    await signIn(tab, server)
    const { headers } = await tab.post('/auth/logout?returnTo=/bye')
    const state = new URL(headers.get('location') ?? '').searchParams.get('state')
    const back = await tab.get(`/?state=${state}`)

    expect([back.headers.get('location'), back.headers.get('cache-control')]).toEqual(['/bye', 'no-store'])
  })
})

it('RFC 9213: the caches of a CDN, which use other headers', async () => {
  const { auth, browser, clock } = createApplication()
  const tab = browser(async () => {
    await auth.getUserAccessToken()
    const headers = { 'cdn-cache-control': 'max-age=600', 'surrogate-control': 'max-age=600' }
    return new Response('page', { headers })
  })
  await tab.signIn()
  await clock.advance(301_000)
  const { headers } = await tab.get('/')
  expect(headers.getSetCookie()).toHaveLength(1)
  expect([...headers.keys()].filter((name) => /cdn|surrogate/.test(name))).toEqual([])
})
