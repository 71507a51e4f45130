import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { NAVIGATION, pathOf } from './steps.ts'

const EVIL = '/api/files/evil.html?delete=everything'

const from = (site: string) => ({ headers: { ...NAVIGATION, 'sec-fetch-site': site } })

/** Signs in by a login request with these headers, and returns the response of the callback. */
async function signInWith(init: RequestInit, query: string, options = {}, serverOptions = {}) {
  const application = createApplication(options, serverOptions)
  const tab = application.browser()
  const login = await tab.get(`/auth/login?${query}`, undefined, init)
  const url = new URL(login.headers.get('location') ?? '')
  const answered = await application.server.fetch(url, { redirect: 'manual' })
  const callback = pathOf(new URL(answered.headers.get('location') ?? ''))
  const done = await tab.get(callback, undefined, from('cross-site'))
  return { ...application, tab, done, body: await done.text() }
}

describe.each(['Lax', 'Strict'] as const)('S24: the destination of a sign-in, %s cookie', (sameSite) => {
  it.each([
    ['another site', from('cross-site')],
    ['a sibling host', from('same-site')],
    ['another site, in an old browser', { headers: { referer: 'https://evil.example/app.example.com' } }],
    ['a page that sends no referrer, in an old browser', { headers: {} }],
    ['a page with a malformed referrer', { headers: { referer: 'null' } }],
  ])('that %s chose is followed only after a click', async (_who, init) => {
    const { done, body, tab } = await signInWith(init, `returnTo=${encodeURIComponent(EVIL)}`, { sameSite })

    expect(done.status).toBe(200)
    expect(done.headers.get('location')).toBeNull()
    expect(done.headers.get('refresh')).toBeNull()
    expect(body).toContain(`<a href="${EVIL}">`)
    expect(body).not.toMatch(/<script|http-equiv/)
    expect(done.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect((await tab.get('/')).status).toBe(200)
  })

  it.each([
    ['a page of the application', from('same-origin')],
    ['the user', from('none')],
    ['a page of the application, in an old browser', { headers: { referer: 'https://app.example.com/x' } }],
    ['a program', { headers: { 'x-evertoken': '1' } }],
  ])('that %s chose is followed', async (_who, init) => {
    const { done } = await signInWith(init, 'returnTo=/orders', { sameSite })
    const to = done.headers.get('location') ?? done.headers.get('refresh')
    expect(to).toBe(sameSite === 'Strict' ? '0;url=/orders' : '/orders')
  })

  it('is the start page if the link names none', async () => {
    const { done } = await signInWith(from('cross-site'), '', { sameSite })
    const to = done.headers.get('location') ?? done.headers.get('refresh')
    expect(to).toBe(sameSite === 'Strict' ? '0;url=/' : '/')
  })

  it('is shown as text, whatever it contains', async () => {
    const returnTo = encodeURIComponent(`/x?a='><script>alert(1)</script>&b="`)
    const { body } = await signInWith(from('cross-site'), `returnTo=${returnTo}`, { sameSite })
    expect(body).not.toContain('<script')
    expect(body.match(/<a /g)).toHaveLength(2)
  })

  it('does not get the error of a silent sign-in that another site started', async () => {
    const query = `prompt=none&returnTo=${encodeURIComponent(EVIL)}`
    const { done } = await signInWith(from('cross-site'), query, { sameSite }, { user: undefined })
    expect(done.status).toBe(401)
    expect(done.headers.get('location')).toBeNull()
  })
})

it('S24: a silent sign-in of another site that cannot start redirects to no page', async () => {
  const { server, browser } = createApplication()
  server.always('discovery', { type: 'status', status: 503 })
  const path = '/auth/login?prompt=none&returnTo=/orders'
  const response = await browser().get(path, undefined, from('cross-site'))
  expect([response.status, response.headers.get('location')]).toEqual([503, null])
})

it.each(kinds)('S24: a sign-out leads to no address that another site chose, %s session', async (session) => {
  const { browser } = createApplication({ session, postLogoutPath: '/bye' })
  const path = `/auth/logout?returnTo=${encodeURIComponent(EVIL)}`
  for (const site of ['cross-site', 'same-site']) {
    const response = await browser().get(path, undefined, from(site))
    expect(response.headers.get('location')).toBe('/bye')
  }
})

describe('S21: the proxy', () => {
  async function navigate(headers: Record<string, string>, token: 'user' | 'none' = 'user') {
    const { auth, browser } = createApplication()
    const asked: string[] = []
    const proxy = auth.createTokenProxy({
      '/api/*': {
        target: 'https://api.example.com/',
        token,
        fetch: async (input) => {
          asked.push(new Request(input).url)
          return new Response('<script>alert(1)</script>', { headers: { 'content-type': 'text/html' } })
        },
      },
    })
    const tab = browser(async (request) => (await proxy(request)) ?? new Response())
    await tab.signIn()
    const response = await tab.get(EVIL, undefined, { headers })
    return { response, asked }
  }

  it.each(['document', 'iframe', 'embed', 'object'])(
    'shows no response of an API as a page of the application, in %s',
    async (destination) => {
      for (const token of ['user', 'none'] as const) {
        const headers = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
        const { response, asked } = await navigate({ ...headers, 'sec-fetch-dest': destination }, token)
        expect([response.status, asked]).toEqual([403, []])
        expect(await response.json()).toMatchObject({ code: 'navigation_refused' })
      }
    },
  )

  it('passes the calls and images of a page on', async () => {
    for (const mode of ['cors', 'no-cors', 'same-origin']) {
      const { response } = await navigate({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': mode })
      expect(response.status).toBe(200)
    }
  })
})
