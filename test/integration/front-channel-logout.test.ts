import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { idle, ofType, signIn, userOf } from './steps.ts'

const PATH = '/auth/front-channel-logout'
const FRAME = {
  headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' },
}

describe.each(kinds)('front-channel logout, %s session', (session) => {
  async function start(options = {}) {
    const application = createApplication({ session, frontChannelLogout: true, ...options })
    const { server, browser } = application
    const tab = browser()
    await signIn(tab, server)
    const { sid = '' } = await userOf(tab)
    const query = (iss = server.issuer, of = sid) => `?${new URLSearchParams({ iss, sid: of })}`
    return { ...application, tab, query }
  }

  it('ends the session of the cookie, and revokes', async () => {
    const { tab, query, server, events } = await start()
    const response = await tab.get(PATH + query(), undefined, FRAME)

    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; frame-ancestors ${server.issuer}`,
    )
    expect(tab.cookies.size).toBe(0)
    expect(ofType(events, 'session_ended')).toMatchObject([{ reason: 'front_channel_logout' }])
    await idle(() => server.counts.revoke > 0)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('ends nothing when the issuer or the session is another', async () => {
    const { tab, query } = await start()
    for (const [path, status] of [
      [PATH, 400],
      [`${PATH}${query('https://evil.example')}`, 400],
      [`${PATH}${query(undefined, '')}`, 400],
      [`${PATH}${query(undefined, 'another')}`, 200],
    ] as const) {
      expect((await tab.get(path, undefined, FRAME)).status).toBe(status)
    }
    expect((await tab.get('/')).status).toBe(200)
  })

  it('ends nothing where the session has no sid', async () => {
    const { tab, server } = await start()
    await tab.signIn()
    for (const sid of ['', 'undefined'])
      await tab.get(`${PATH}?${new URLSearchParams({ iss: server.issuer, sid })}`, undefined, FRAME)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('succeeds without a cookie', async () => {
    const { browser, query } = await start()
    expect((await browser().get(PATH + query(), undefined, FRAME)).status).toBe(200)
  })

  it('is not there unless it is asked for', async () => {
    const { tab, query } = await start({ frontChannelLogout: false })
    expect((await tab.get(PATH + query(), undefined, FRAME)).status).toBe(200)
    expect(tab.cookies.size).toBe(1)
  })
})
