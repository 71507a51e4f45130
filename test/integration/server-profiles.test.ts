import { type ManualClock, pauseAfterProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'
import { idle, signIn } from './steps.ts'

const EXPIRED_MS = 301_000
const SOFT_MS = 270_000
const HOUR = 3600

/** Lets time pass until the answer is there. */
async function patiently(clock: ManualClock, answer: Promise<Response>): Promise<Response> {
  let isThere = false
  void answer.finally(() => (isThere = true))
  while (!isThere) await clock.advance(100)
  return answer
}

describe.each(kinds)('%s session', (session) => {
  it.each([
    [true, true],
    [false, false],
  ])(
    'refreshEndsAccessToken: %s, and a refresh does that: the token during a refresh works: %s',
    async (refreshEndsAccessToken, works) => {
      const { server, clock, browser } = createApplication(
        { session, server: { refreshEndsAccessToken } },
        { refreshEndsAccessTokens: true },
      )
      const tab = browser()
      await tab.signIn()
      await clock.advance(SOFT_MS)
      const hold = pauseAfterProcessing()
      server.script('refresh', hold)
      const first = tab.get('/')
      await hold.reached
      let isAnswered = false
      const during = tab.get('/').finally(() => (isAnswered = true))
      await idle(() => isAnswered, 50)
      hold.release()

      const token = await (await during).text()
      expect(server.introspect(token).active).toBe(works)
      await first
      await idle(() => false, 20)
      const after = await (await tab.get('/')).text()
      expect(server.introspect(after).active).toBe(true)
      expect(server.counts.refresh).toBe(1)
    },
  )

  it('tolerates only the previous refresh token: none older is sent, nor is a lost answer the end', async () => {
    const { server, clock, browser } = createApplication(
      { session, server: { refreshTokenReuse: { graceSeconds: HOUR } } },
      { reuse: { graceSeconds: HOUR, limit: 'previous token' } },
    )
    const tab = browser()
    await tab.signIn()
    const oldest = tab.cookieHeader()
    for (let refreshes = 1; refreshes <= 2; refreshes++) {
      await clock.advance(EXPIRED_MS)
      expect((await tab.get('/')).status).toBe(200)
    }
    server.script('refresh', { type: 'reset', processed: true })
    await clock.advance(EXPIRED_MS)
    const late = await patiently(clock, tab.get('/', oldest))

    expect(late.status).toBe(200)
    await clock.advance(EXPIRED_MS)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.grants.alive('user-1')).toBe(true)
    expect(server.maxUses()).toBe(2)
  })

  it('keeps the newest pair if no other works: the pair of the retry', async () => {
    const { server, clock, browser } = createApplication(
      { session, server: { refreshTokenReuse: { graceSeconds: HOUR } } },
      { reuse: { graceSeconds: HOUR, limit: 'newest pair' } },
    )
    const tab = browser()
    await tab.signIn()
    server.script('refresh', { type: 'reset', processed: true })
    await clock.advance(EXPIRED_MS)
    const retried = await patiently(clock, tab.get('/'))

    expect(server.introspect(await retried.text()).active).toBe(true)
    expect(server.counts.refresh).toBe(2)
    await clock.advance(EXPIRED_MS)
    expect(server.introspect(await (await tab.get('/')).text()).active).toBe(true)
    expect(server.counts.refresh).toBe(3)
  })

  it('S12: ends when the authorization server posts a logout token to the route', async () => {
    const out = { handle: (_request: Request): Promise<Response> => Promise.reject(new Error('Too early')) }
    const { auth, server, browser } = createApplication(
      { session, backChannelLogout: true },
      {
        clients: [
          { id: 'web', secret: 'web-secret', backChannelLogoutUri: `${origin}/auth/back-channel-logout` },
        ],
        backChannelFetch: (request) => out.handle(request),
      },
    )
    out.handle = (request) => auth.handle(request, () => new Response('application', { status: 404 }))
    const [one, two] = [browser(), browser()]
    await signIn(one, server)
    const sid = server.grants.find('user-1')?.sid ?? ''
    await signIn(two, server)

    expect((await server.sendLogoutToken({ sid })).status).toBe(200)
    expect((await one.get('/')).status).toBe(401)
    expect((await two.get('/')).status).toBe(200)
  })
})

describe('startSession', () => {
  const readTokenResponse = (body: Readonly<Record<string, unknown>>) => ({
    ...body,
    ...(body['authed_user'] as object | undefined),
  })

  it('reads a token response in the dialect of the server', async () => {
    const { auth, server, browser } = createApplication({ server: { dialect: { readTokenResponse } } })
    const tab = browser()
    const { access_token: token, ...rest } = await server.issue()
    await tab.get('/', undefined, {}, async () => {
      await auth.startSession(
        { ...rest, authed_user: { access_token: token } },
        { claims: { sub: 'user-1' } },
      )
      return new Response()
    })
    expect(await (await tab.get('/')).text()).toBe(token)
  })
})
