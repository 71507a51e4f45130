import { pauseAfterProcessing, pauseBeforeProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

describe.each(kinds)('signing out, %s session', (session) => {
  it.each([
    ['before the server has processed it', pauseBeforeProcessing],
    ['after the server has processed it', pauseAfterProcessing],
  ])('I4: during a refresh, %s, ends the session and revokes the new refresh token', async (_when, pause) => {
    const { server, clock, browser, events } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    const cookie = tab.cookieHeader()
    await clock.advance(301_000)
    const hold = pause()
    server.script('refresh', hold)

    const call = tab.get('/', cookie)
    await hold.reached
    const signedOut = await tab.post('/auth/logout')
    hold.release()

    expect(signedOut.status).toBe(303)
    expect((await call).status).toBe(401)
    expect(tab.cookies.size).toBe(0)
    expect((await tab.get('/', cookie)).status).toBe(401)
    expect(server.grants.alive('user-1')).toBe(false)
    expect(server.grants.endReason('user-1')).toBe('revocation')
    expect(events).toContainEqual(expect.objectContaining({ type: 'session_ended', reason: 'signed_out' }))
  })

  it('S27: the old cookie is refused for as long as it would have been valid', async () => {
    const { clock, browser, server } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    const cookie = tab.cookieHeader()
    await tab.post('/auth/logout')

    expect((await tab.get('/', cookie)).status).toBe(401)
    await clock.advance(86_000_000)
    expect((await tab.get('/', cookie)).status).toBe(401)
    expect(server.counts.refresh).toBe(0)
  })

  it.each([
    ['the server is down', { type: 'status', status: 503 }],
    ['the connection breaks', { type: 'reset', processed: false }],
  ] as const)('S11: succeeds here when %s', async (_why, fault) => {
    const { server, browser, events } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    const cookie = tab.cookieHeader()
    server.always('revoke', fault)

    expect((await tab.post('/auth/logout')).status).toBe(303)

    expect((await tab.get('/', cookie)).status).toBe(401)
    while (!events.some(({ type }) => type === 'refresh_token_revoked')) await new Promise(setImmediate)
    expect(events).toContainEqual(expect.objectContaining({ outcome: 'failed' }))
  })

  it('S21: takes no order from another site', async () => {
    const { browser } = createApplication({ session })
    const tab = browser()
    await tab.signIn()

    for (const init of [
      { method: 'POST', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } },
      { method: 'POST', headers: { origin: 'https://evil.example' } },
      { method: 'POST', headers: {} },
      { method: 'GET', headers: { 'sec-fetch-site': 'same-origin' } },
    ]) {
      expect((await tab.get('/auth/logout', undefined, init)).status).toBe(403)
    }
    expect((await tab.get('/')).status).toBe(200)
  })

  it('revokeRefreshToken ends the grant and lets the access token serve its time', async () => {
    const { auth, server, clock, browser } = createApplication({ session })
    const tab = browser(async () => {
      const outcome = await auth.revokeRefreshToken()
      return new Response(`${outcome} ${(await auth.getUserAccessToken()) ? 'token' : 'none'}`)
    })
    await tab.signIn()

    expect(await (await tab.get('/')).text()).toBe('revoked token')
    expect(await (await tab.get('/')).text()).toBe('nothing_to_revoke token')
    expect(server.grants.alive('user-1')).toBe(false)
    await clock.advance(301_000)
    expect(await (await tab.get('/')).text()).toBe('nothing_to_revoke none')
  })

  it('S5: a failed revocation can be tried again, and no refresh starts before that', async () => {
    const { auth, server, clock, browser } = createApplication({ session })
    const tab = browser(async () => new Response(await auth.revokeRefreshToken()))
    await tab.signIn()
    server.script('revoke', { type: 'status', status: 503 })

    expect(await (await tab.get('/')).text()).toBe('failed')
    await clock.advance(301_000)
    expect(server.counts.refresh).toBe(0)
    expect(await (await tab.get('/')).text()).toBe('revoked')
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('S5: a server without a revocation endpoint is an outcome, not an error', async () => {
    const { auth, browser } = createApplication({ session }, { metadata: { revocation_endpoint: undefined } })
    const tab = browser(async () => new Response(await auth.revokeRefreshToken()))
    await tab.signIn()

    expect(await (await tab.get('/')).text()).toBe('unsupported')
    expect((await tab.post('/auth/logout')).status).toBe(303)
  })
})
