import { type Clock, createMemoryStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin, type Overrides } from './application.ts'
import { authorize, idle, NAVIGATION, ofType, pathOf, signIn, userOf } from './steps.ts'

const POST = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }

function start(options: Overrides) {
  let clock: Pick<Clock, 'now' | 'elapsed'> = { now: () => 0, elapsed: () => 0 }
  const store = createMemoryStore({ clock: { now: () => clock.now(), elapsed: () => clock.elapsed() } })
  const application = createApplication({ ...options, store })
  clock = application.clock
  const { auth, server } = application
  const tab = application.browser()
  return {
    ...application,
    store,
    tab,
    /** Does something as the application, for the user of the tab. */
    as: (work: () => Promise<unknown>) =>
      tab.get('/', undefined, {}, async () => (await work(), new Response())),
    keyOf: async () =>
      (await auth.session(new Request(origin, { headers: { cookie: tab.cookieHeader() } })).getSession())
        ?.id ?? '',
    async logOut(token: Parameters<typeof server.logoutToken>[0]) {
      const body = new URLSearchParams({ logout_token: await server.logoutToken(token) })
      const request = new Request(`${origin}/auth/back-channel-logout`, { method: 'POST', body })
      return auth.handle(request, () => new Response())
    },
  }
}

type World = ReturnType<typeof start>

interface Way {
  readonly way: string
  readonly end: (world: World) => Promise<unknown>
  /** `undefined`: the session continues. */
  readonly reason: string | undefined
  /** The outcome of each revocation. */
  readonly revoked?: readonly string[]
  /** Whether the cookie of a cookie session still carries the refresh token. */
  readonly carriesToken?: boolean
  readonly options?: Overrides
  readonly only?: 'cookie' | 'server'
}

const ways: readonly Way[] = [
  {
    way: 'the logout route',
    end: ({ tab }) => tab.post('/auth/logout'),
    reason: 'signed_out',
    revoked: ['revoked'],
  },
  {
    way: 'the logout route, twice at the same time',
    end: ({ tab }) => Promise.all([tab.post('/auth/logout'), tab.post('/auth/logout')]),
    reason: 'signed_out',
    revoked: ['revoked'],
  },
  {
    way: 'the logout route without revocation',
    options: { revokeOnLogout: false },
    end: ({ tab }) => tab.post('/auth/logout'),
    reason: 'signed_out',
  },
  {
    way: 'a front-channel logout',
    options: { frontChannelLogout: true },
    async end({ tab, server }) {
      const { sid = '' } = await userOf(tab)
      await tab.get(`/auth/front-channel-logout?${new URLSearchParams({ iss: server.issuer, sid })}`)
    },
    reason: 'front_channel_logout',
    revoked: ['revoked'],
  },
  {
    way: 'a back-channel logout',
    options: { backChannelLogout: true },
    end: ({ logOut }) => logOut({ sub: 'user-1' }),
    reason: 'back_channel_logout',
    revoked: ['revoked'],
  },
  { way: 'a new sign-in', end: ({ tab, server }) => signIn(tab, server), reason: 'replaced' },
  {
    way: 'a new session of the application',
    end: async ({ auth, server, as }) => {
      const response = await server.issue({ sub: 'user-2' })
      await as(() => auth.startSession(response))
    },
    reason: 'replaced',
  },
  {
    way: 'a new sign-in whose callback does not receive the session cookie',
    options: { sameSite: 'Strict' },
    async end({ tab, server }) {
      const { callback } = await authorize(tab, server)
      const login = [...tab.cookies].filter(([name]) => name.includes('.login.'))
      const shown = login.map(([name, value]) => `${name}=${value}`).join('; ')
      await tab.get(pathOf(callback), shown, { headers: NAVIGATION })
    },
    reason: 'replaced',
  },
  { way: 'endSession()', end: ({ auth, as }) => as(() => auth.endSession()), reason: 'signed_out' },
  {
    way: 'endSession() of a session by its id',
    only: 'server',
    async end({ auth, keyOf }) {
      const key = await keyOf()
      await auth.sessionById(key).endSession()
      await auth.sessionById(key).endSession()
    },
    reason: 'signed_out',
  },
  {
    way: 'revokeRefreshToken(), which lets the session live',
    end: ({ auth, as }) => as(() => auth.revokeRefreshToken()),
    reason: undefined,
    revoked: ['revoked'],
  },
  {
    way: 'revokeRefreshToken() of a session by its id',
    only: 'server',
    end: async ({ auth, keyOf }) => auth.sessionById(await keyOf()).revokeRefreshToken(),
    reason: undefined,
    revoked: ['revoked'],
  },
  {
    way: 'a refresh token that the server refuses',
    async end({ tab, server, clock }) {
      server.script('refresh', { type: 'error', error: 'invalid_grant' })
      await clock.advance(301_000)
      await tab.get('/')
    },
    reason: 'grant_rejected',
  },
  {
    way: 'a refresh with the ID token of another user',
    async end({ tab, server, clock }) {
      server.script('refresh', { type: 'idToken', claims: { sub: 'user-2' } })
      await clock.advance(301_000)
      await tab.get('/')
    },
    reason: 'subject_changed',
    revoked: ['revoked'],
  },
  {
    way: 'no use for too long',
    options: { idleTimeoutSeconds: 1000 },
    end: ({ clock }) => clock.advance(1_001_000),
    reason: 'idle',
    carriesToken: true,
  },
  {
    way: 'its age',
    options: { absoluteTimeoutSeconds: 1000 },
    end: ({ clock }) => clock.advance(1_001_000),
    reason: 'expired',
    carriesToken: true,
  },
  {
    way: 'the loss of its record',
    only: 'server',
    end: async ({ store, keyOf }) => store.remove(await keyOf()),
    reason: 'lost',
  },
  {
    way: 'a sign-out although its record cannot be read',
    options: { backChannelLogout: true },
    async end({ tab, store, keyOf }) {
      const key = await keyOf()
      await store.remove(key)
      await store.swap(key, undefined, 'not a record', 9e9)
      await tab.post('/auth/logout')
    },
    reason: 'signed_out',
    carriesToken: true,
  },
  {
    way: 'a logout token that arrives before it is stored',
    options: { backChannelLogout: true },
    async end({ tab, server, logOut, events }) {
      await tab.post('/auth/logout')
      await idle(() => ofType(events, 'refresh_token_revoked').length > 0)
      events.length = 0
      const { callback } = await authorize(tab, server)
      await logOut({ sub: 'user-1' })
      await tab.get(pathOf(callback))
    },
    reason: 'back_channel_logout',
    revoked: ['revoked'],
  },
]

describe.each(kinds)('D4: session_ended, %s session', (session) => {
  it.each(ways.filter(({ only = session }) => only === session))('once, by $way', async (each) => {
    const world = start({ session, ...each.options })
    const { tab, server, events } = world
    await signIn(tab, server)
    await tab.get('/')
    const cookie = tab.cookieHeader()
    events.length = 0
    await each.end(world)

    // Copies of the cookie, and a sign-out with them, cause no further event.
    if (each.reason !== undefined) {
      for (let i = 0; i < 2; i++) {
        expect((await tab.get('/', cookie)).status).toBe(401)
        await tab.get('/auth/logout', cookie, POST)
      }
    }
    // Only a cookie still carries the refresh token when the store has no record: the sign-out above revokes it.
    const fromCookie = session === 'cookie' && each.carriesToken ? ['revoked'] : []
    const expected = each.revoked ?? fromCookie
    await idle(() => ofType(events, 'refresh_token_revoked').length >= expected.length, 300)
    await idle(() => false, 20)
    expect(ofType(events, 'session_ended').map(({ reason }) => reason)).toEqual(
      each.reason === undefined ? [] : [each.reason],
    )
    expect(ofType(events, 'refresh_token_revoked').map(({ outcome }) => outcome)).toEqual(expected)
    expect(ofType(events, 'sign_out_incomplete')).toEqual([])
  })
})
