import { createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { createAuthorizationServer } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { answerWithToken, createApplication, createBrowser, createTestStore, kinds } from './application.ts'

const names = [
  ['customers', 'staff'],
  // The seals and the signatures of the two applications are the same.
  ['same', 'same'],
] as const
const cases = kinds.flatMap((session) => names.map(([of, at]) => [session, of, at] as const))

it.each(cases)(
  'a session at one authorization server is none at another: %s session, %s at %s',
  async (session, of, at) => {
    const store = createTestStore()
    const customers = createApplication({ session, store, cookieName: of })
    const staffServer = createAuthorizationServer({
      clock: customers.clock,
      issuer: 'https://staff.example.com',
    })
    const sent: string[] = []
    const staff = evertoken({
      ...customers.options,
      server: { issuer: staffServer.issuer },
      cookieName: at,
      fetch: (input, init) => {
        sent.push(new URLSearchParams(init?.body as URLSearchParams | undefined).toString())
        return staffServer.fetch(input, init)
      },
    })
    const customer = customers.browser()
    await customer.signIn()
    const refreshToken = customers.server.grants.currentRefreshToken('user-1') ?? ''
    const renamed = customer.cookieHeader().replace(of, at)
    const ask = createBrowser(staff, staffServer, async () => {
      const user = await staff.getUser().catch(() => undefined)
      return new Response(user?.sub ?? 'nobody')
    })

    expect(await (await ask.get('/', renamed)).text()).toBe('nobody')
    await customers.clock.advance(301_000)
    const call = createBrowser(staff, staffServer, answerWithToken(staff)).get('/', renamed)
    await call.catch(() => undefined)
    expect(sent.filter((body) => body.includes(refreshToken))).toEqual([])
  },
)

it.each(kinds)(
  'a session of one client is none of another at the same server, %s session',
  async (session) => {
    const store = createMemoryStore()
    const { browser, options, server, clock } = createApplication({ session, store })
    const events: EvertokenEvent[] = []
    const other = evertoken({ ...options, clientId: 'other', onEvent: (event) => events.push(event) })
    const tab = browser()
    await tab.signIn()
    const stranger = createBrowser(other, server, async () => {
      const user = await other.getUser()
      const token = await other.getUserAccessToken()
      return new Response(JSON.stringify([user, token]))
    })
    server.resetCounts()
    for (const path of ['/', '/auth/logout']) {
      const response = await stranger.get(path, tab.cookieHeader())
      if (path === '/') expect(await response.text()).toBe('[null,null]')
    }
    // The other client has sent none of the tokens, and its sign-out ended nothing.
    expect(server.log.filter(({ kind }) => kind !== 'discovery')).toEqual([])
    const reason = session === 'cookie' ? 'unknown_registration' : 'not_found'
    expect(events).toContainEqual({ type: 'session_rejected', reason })
    expect(events.map(({ type }) => type)).not.toContain('session_ended')
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
  },
)
