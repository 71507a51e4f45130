import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'

describe.each(kinds)('a read-only session, kept in a %s', (session) => {
  function open(app: ReturnType<typeof createApplication>, cookie: string) {
    return app.auth.readOnlySession(new Request(origin, { headers: { cookie } }))
  }

  it('serves the user and a token that is current', async () => {
    const app = createApplication({ session })
    const browser = app.browser()
    await browser.signIn()
    const readOnly = open(app, browser.cookieHeader())

    expect(await readOnly.getUser()).toMatchObject({ sub: 'user-1' })
    expect((await readOnly.getUserAccessToken())?.value).toMatch(/^at_/)
    expect(await open(app, '').getUserAccessToken()).toBeUndefined()
  })

  it('spends no refresh token whose successor the browser would not get', async () => {
    const app = createApplication({ session })
    const browser = app.browser()
    await browser.signIn()
    await app.clock.advance(301_000)
    const readOnly = open(app, browser.cookieHeader())
    const api = readOnly.createTokenFetch({
      baseUrl: 'https://api.example.com/',
      fetch: async () => new Response('ok'),
    })
    const expected = expect.objectContaining({ name: 'ConfigurationError', code: 'session_read_only' })

    if (session === 'cookie') {
      await expect(readOnly.getUserAccessToken()).rejects.toEqual(expected)
      // A 401 response would hide the mistake, and the application would ask the user to sign in.
      await expect(api('orders')).rejects.toEqual(expected)
      expect(app.server.counts.refresh).toBe(0)
    } else {
      expect(await (await api('orders')).text()).toBe('ok')
      expect(app.server.counts.refresh).toBe(1)
    }
    expect((await browser.get('/')).status).toBe(200)
    expect(app.server.maxUses()).toBe(1)
  })

  it('starts no refresh in the background, and serves what another request has refreshed', async () => {
    const app = createApplication({ session: 'cookie' })
    const browser = app.browser()
    await browser.signIn()
    const before = browser.cookieHeader()
    await app.clock.advance(290_000)
    expect((await open(app, before).getUserAccessToken())?.value).toMatch(/^at_/)
    expect(app.server.counts.refresh).toBe(0)
    await app.clock.advance(11_000)
    const refreshed = await (await browser.get('/')).text()

    expect((await open(app, before).getUserAccessToken())?.value).toBe(refreshed)
  })

  it('neither starts nor ends a session', async () => {
    const app = createApplication({ session })
    const browser = app.browser()
    await browser.signIn()
    const readOnly = open(app, browser.cookieHeader())
    const expected = expect.objectContaining({ code: 'session_read_only' })

    await expect(readOnly.startSession(await app.server.issue())).rejects.toEqual(expected)
    await expect(readOnly.endSession()).rejects.toEqual(expected)
    expect((await browser.get('/')).status).toBe(200)
  })
})
