import { describe, expect, it } from 'vitest'
import type { AccessToken } from '@evertoken/core'
import { createApplication, origin } from './application.ts'
import { createGate } from './gate.ts'
import { signIn } from './steps.ts'

describe('a cookie that is late', () => {
  it('does not come back with the response of the session before, after a new sign-in', async () => {
    const { auth, server, clock, browser } = createApplication()
    const [refreshed, answering] = [createGate(), createGate()]
    const tab = browser(async (request) => {
      const token = await auth.getUserAccessToken()
      if (new URL(request.url).pathname === '/slow') {
        refreshed.open()
        await answering.opened
      }
      return new Response(token?.value ?? 'nobody', { status: token ? 200 : 401 })
    })
    await tab.signIn()
    await clock.advance(301_000)
    const slow = tab.get('/slow')
    await refreshed.opened
    await signIn(tab, server)
    expect((await tab.get('/')).status).toBe(200)

    answering.open()
    await slow

    expect((await tab.get('/')).status).toBe(200)
  })

  it('I1: sends no spent refresh token from a session that was named long ago', async () => {
    const { auth, server, clock, browser } = createApplication({}, { accessTokenSeconds: 3600 })
    const tab = browser()
    await tab.signIn(3600)
    const stream = auth.session(new Request(origin, { headers: { cookie: tab.cookieHeader() } }))
    const ask = () => stream.getUserAccessToken().catch(() => undefined)
    await clock.advance(3_601_000)
    await ask()
    await tab.get('/')
    // Long enough for the browser to have caught up, and for the store to forget.
    await clock.advance(300_000)
    await tab.get('/')
    await clock.advance(3_400_000)
    await ask()

    expect(server.maxUses()).toBe(1)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('cannot revoke the refresh token of a session that was named long ago', async () => {
    const { auth, server, clock, browser } = createApplication({}, { accessTokenSeconds: 3600 })
    const tab = browser()
    await tab.signIn(3600)
    const stream = auth.session(new Request(origin, { headers: { cookie: tab.cookieHeader() } }))
    await stream.getUser()
    await clock.advance(601_000)

    await expect(stream.revokeRefreshToken()).rejects.toMatchObject({ code: 'headers_already_sent' })
    expect(server.counts.revoke).toBe(0)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('I1: brings no spent refresh token back when a handler that took long touches the session', async () => {
    const { auth, server, clock, browser } = createApplication(
      { idleTimeoutSeconds: 7200 },
      { accessTokenSeconds: 36_000 },
    )
    const [begun, answering] = [createGate(), createGate()]
    let latest: AccessToken | undefined
    const tab = browser(async (request) => {
      const { pathname } = new URL(request.url)
      const wanted = pathname === '/rejected' ? { rejectedToken: latest } : {}
      const token = await auth.getUserAccessToken(wanted)
      if (pathname === '/') latest = token
      if (pathname === '/slow') {
        begun.open()
        await answering.opened
      }
      return new Response(token?.value ?? 'nobody', { status: token ? 200 : 401 })
    })
    await tab.signIn(36_000)
    const old = tab.cookieHeader()
    await clock.advance(60_000)
    await tab.get('/')
    const slow = tab.get('/slow', old)
    await begun.opened
    await tab.get('/rejected')
    expect(server.counts.refresh).toBe(1)
    await clock.advance(200_000)
    await tab.get('/')
    await clock.advance(920_000)

    answering.open()
    await slow

    await tab.get('/')
    await tab.get('/rejected')
    expect(server.maxUses()).toBe(1)
  })
})
