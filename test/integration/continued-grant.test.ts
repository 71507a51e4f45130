import { createMemoryStore, type SessionInfo, type SessionStore, type UserClaims } from '@evertoken/core'
import { type Fault, pauseAfterProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { type Application, createApplication, currentRefreshToken, kinds } from './application.ts'
import { createFailingStore } from './failing-store.ts'
import { createGate } from './gate.ts'
import { authorize, idle, isSettled, ofType, pathOf, signIn, untilDone, userOf } from './steps.ts'

/** Some servers issue a refresh token only at the first sign-in of a user. */
const ONCE: Fault = { type: 'members', set: { refresh_token: undefined } }

/** Signs in again, without a refresh token in the response. */
async function signInAgain(
  { server }: Application,
  tab: ReturnType<Application['browser']>,
): Promise<Response> {
  server.script('token', ONCE)
  return signIn(tab, server)
}

/** A memory store whose swaps can be delayed. */
function createSlowStore() {
  const memory = createMemoryStore()
  let delay: (() => Promise<void>) | undefined
  const store: SessionStore = {
    ...memory,
    async swap(...operation) {
      await delay?.()
      return memory.swap(...operation)
    },
  }
  return { store, delaySwaps: (by: typeof delay) => void (delay = by) }
}

type ReusePolicy = 'strict' | 'tolerant'

describe.each(kinds)('a sign-in without a refresh token, %s session', (session) => {
  it('continues the grant of the session that it replaces', async () => {
    const application = createApplication({ session })
    const { server, clock, events } = application
    const tab = application.browser()
    await signIn(tab, server)
    const before = tab.cookieHeader()
    const refreshToken = currentRefreshToken(server)
    expect((await signInAgain(application, tab)).status).toBe(303)

    expect(ofType(events, 'session_ended').map(({ reason }) => reason)).toEqual(['replaced'])
    expect(server.counts.revoke).toBe(0)
    await clock.advance(301_000)
    expect((await tab.get('/', before)).status).toBe(401)
    expect(server.counts.refresh).toBe(0)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
    expect(currentRefreshToken(server)).not.toBe(refreshToken)
  })

  it('keeps the reported end of the grant', async () => {
    const application = createApplication({ session }, { tokenResponse: { refresh_token_expires_in: 7200 } })
    const { auth, server, clock } = application
    const tab = application.browser(async () => Response.json(await auth.getSession()))
    const endOf = async () => ((await (await tab.get('/')).json()) as SessionInfo).grantExpiresAt
    await signIn(tab, server)
    const grantExpiresAt = await endOf()
    expect(grantExpiresAt).toBeGreaterThan(clock.now() + 7000)
    await clock.advance(60_000)
    await signInAgain(application, tab)
    expect(await endOf()).toBe(grantExpiresAt)
  })

  it('has no refresh token if another user was signed in', async () => {
    const application = createApplication({ session })
    const { server, clock } = application
    const tab = application.browser()
    await signIn(tab, server)
    server.user = { sub: 'user-2' }
    await signInAgain(application, tab)
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(401)
    expect(server.counts.refresh).toBe(0)
  })

  it('has the new refresh token if the old session refreshes during the sign-in', async () => {
    const application = createApplication({ session })
    const { server, clock, events } = application
    const tab = application.browser()
    await signIn(tab, server)
    const before = tab.cookieHeader()
    await clock.advance(301_000)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)
    const call = tab.get('/', before)
    await hold.reached
    const again = signInAgain(application, tab)
    expect(await isSettled(again)).toBe(false)
    hold.release()

    expect((await untilDone(clock, again)).status).toBe(303)
    await call
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.grants.alive('user-1')).toBe(true)
    expect(ofType(events, 'refresh_token_lost')).toEqual([])
  })

  it('has the new refresh token if a refresh takes the lease just before the old session ends', async () => {
    const slow = createSlowStore()
    const application = createApplication({ session, store: slow.store })
    const { server, clock, events } = application
    const tab = application.browser()
    await signIn(tab, server)
    const before = tab.cookieHeader()
    await clock.advance(301_000)
    const { callback } = await authorize(tab, server)
    server.script('token', ONCE)
    // The login is marked as used with the first swap. The second one ends the old session.
    const end = createGate()
    let swaps = 0
    slow.delaySwaps(async () => void ((swaps += 1) === 2 && (await end.opened)))
    const again = tab.get(pathOf(callback))
    await idle(() => swaps === 2)
    slow.delaySwaps(undefined)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)
    const call = tab.get('/', before)
    await hold.reached
    end.open()
    hold.release()

    expect((await untilDone(clock, again)).status).toBe(303)
    await call
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.grants.alive('user-1')).toBe(true)
    expect(ofType(events, 'refresh_token_lost')).toEqual([])
  })

  it.each<[ReusePolicy, number]>([
    ['strict', 401],
    ['tolerant', 200],
  ])(
    'has a refresh token in doubt if a refresh of the old session does not end, %s',
    async (reuse, status) => {
      const application = createApplication({ session, server: { refreshTokenReuse: reuse } }, { reuse })
      const { server, clock, events } = application
      const tab = application.browser()
      await signIn(tab, server)
      const before = tab.cookieHeader()
      await clock.advance(301_000)
      const hold = pauseAfterProcessing()
      server.script('refresh', hold)
      const call = tab.get('/', before).catch(() => undefined)
      await hold.reached
      expect((await untilDone(clock, signInAgain(application, tab))).status).toBe(303)
      hold.release()
      await untilDone(clock, call)

      expect((await tab.get('/')).status).toBe(200)
      await clock.advance(301_000)
      expect((await tab.get('/')).status).toBe(status)
      const lost = ofType(events, 'refresh_token_lost').map(({ reason }) => reason)
      expect(lost).toEqual(status === 401 ? ['answer_lost'] : [])
    },
  )

  it('accepts the ID tokens of the grant, and keeps the time of the sign-in', async () => {
    const application = createApplication({ session })
    const { server, clock, events } = application
    const tab = application.browser()
    await signIn(tab, server)
    await clock.advance(60_000)
    await signInAgain(application, tab)
    const { claims } = await userOf(tab)
    for (const _ of [1, 2]) {
      await clock.advance(301_000)
      await tab.get('/')
    }
    expect(server.counts.refresh).toBe(2)
    expect(ofType(events, 'id_token_ignored')).toEqual([])
    expect((await userOf(tab)).claims).toMatchObject({ auth_time: claims?.['auth_time'] })
  })

  it('continues the grant if another tab has signed in first', async () => {
    const application = createApplication({ session })
    const { server, clock } = application
    const tab = application.browser()
    await signIn(tab, server)
    const logins = [await authorize(tab, server), await authorize(tab, server)]
    server.always('token', ONCE)
    const shown = tab.cookieHeader()
    const callbacks = logins.map(({ callback }) => tab.get(pathOf(callback), shown))
    const responses = await untilDone(clock, Promise.all(callbacks))
    expect(responses.map(({ status }) => status)).toEqual([303, 303])
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
  })

  it.each([0, 1, 2, 3, 4, 5])('loses no grant if the store fails after %s operations', async (operations) => {
    const store = createFailingStore(() => 0)
    const application = createApplication({ session, store })
    const { server, clock, events } = application
    const tab = application.browser()
    await signIn(tab, server)
    const { callback } = await authorize(tab, server)
    server.script('token', ONCE)
    store.failAfter(operations, 'lost')
    const { status } = await untilDone(clock, tab.get(pathOf(callback)))
    store.failAfter(Infinity, 'lost')
    store.failure = undefined
    await clock.advance(60_000)
    const isSignedIn = (await tab.get('/')).status === 200
    expect(isSignedIn || status === 503).toBe(true)
    expect(ofType(events, 'refresh_token_lost')).toHaveLength(isSignedIn ? 0 : 1)

    await untilDone(clock, signInAgain(application, tab))
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
  })

  it('does not continue the grant if the application starts the session', async () => {
    const application = createApplication({ session })
    const { auth, server, clock } = application
    const tab = application.browser()
    await signIn(tab, server)
    const { refresh_token: _, ...response } = await server.issue({ sub: 'user-1' })
    await tab.get('/', undefined, {}, async () => (await auth.startSession(response), new Response()))
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(401)
    expect(server.counts.refresh).toBe(0)
  })
})

describe('a sign-in without a refresh token', () => {
  it.each<[string, Fault | undefined, number, number]>([
    ['fails if it would lose the refresh token of the browser', undefined, 503, 200],
    ['starts a session if there is none to lose', ONCE, 303, 401],
  ])('during an outage of the store: %s', async (_what, fault, status, afterwards) => {
    const store = createFailingStore(() => 0)
    const application = createApplication({ session: 'cookie', store })
    const { server, clock } = application
    const tab = application.browser()
    if (fault) server.script('token', fault)
    await signIn(tab, server)
    store.failure = 'down'
    const again = await untilDone(clock, signInAgain(application, tab))
    expect(again.status).toBe(status)
    store.failure = undefined
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(afterwards)
  })

  it('continues the grant of a session whose Strict cookie stays away from the callback', async () => {
    const application = createApplication({ session: 'server', sameSite: 'Strict' })
    const { server, clock } = application
    const tab = application.browser()
    await signIn(tab, server)
    const { callback } = await authorize(tab, server)
    const shown = [...tab.cookies].filter(([name]) => name.includes('login'))
    server.script('token', ONCE)
    await tab.get(pathOf(callback), shown.map((pair) => pair.join('=')).join('; '))
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
  })

  it('keeps the previous session if the new one does not fit into its cookie', async () => {
    let junk: string | undefined
    const onSignIn = (claims: UserClaims) => ({ ...claims, junk })
    const application = createApplication({ session: 'cookie', onSignIn })
    const { server } = application
    const tab = application.browser()
    await signIn(tab, server)
    junk = crypto.getRandomValues(new Uint8Array(9000)).join('')
    expect((await signInAgain(application, tab)).status).toBe(500)
    expect((await tab.get('/')).status).toBe(200)
    expect(ofType(application.events, 'session_ended')).toEqual([])
  })

  it('reports no end of a session that only a hidden cookie holds', async () => {
    const application = createApplication({ session: 'cookie', sameSite: 'Strict' })
    const { server, events } = application
    const tab = application.browser()
    await signIn(tab, server)
    const { callback } = await authorize(tab, server)
    const shown = [...tab.cookies].filter(([name]) => name.includes('login'))
    server.script('token', ONCE)
    await tab.get(pathOf(callback), shown.map((pair) => pair.join('=')).join('; '))
    expect(ofType(events, 'session_ended').map(({ reason }) => reason)).toEqual(['replaced'])
  })
})
