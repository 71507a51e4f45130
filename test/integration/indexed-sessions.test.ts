import { createMemoryStore, type SessionStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin, type Overrides } from './application.ts'
import { idle, ofType, signIn } from './steps.ts'

/** A memory store that counts. */
function createCountingStore() {
  const memory = createMemoryStore()
  const { index } = memory
  if (!index) throw new Error('The store has no index')
  const pairs = new Set<string>()
  const reads: string[] = []
  const added: string[] = []
  const store: SessionStore = {
    ...memory,
    read: (key) => (reads.push(key), memory.read(key)),
    index: {
      ...index,
      add(term, key, expiresAt) {
        added.push(term)
        pairs.add(`${term} ${key}`)
        return index.add(term, key, expiresAt)
      },
      remove: (term, key) => (pairs.delete(`${term} ${key}`), index.remove(term, key)),
    },
  }
  return { store, memory, pairs, reads, added }
}

function start(options: Overrides) {
  const counting = createCountingStore()
  const application = createApplication({ backChannelLogout: true, ...options, store: counting.store })
  const { auth, server } = application
  async function logOut(token: Parameters<typeof server.logoutToken>[0]) {
    const body = new URLSearchParams({ logout_token: await server.logoutToken(token) })
    const request = new Request(`${origin}/auth/back-channel-logout`, { method: 'POST', body })
    return (await auth.handle(request, () => new Response())).status
  }
  const tab = application.browser()
  const keyOf = async () =>
    (await auth.session(new Request(origin, { headers: { cookie: tab.cookieHeader() } })).getSession())?.id ??
    ''
  return { ...application, ...counting, logOut, tab, keyOf }
}

type World = ReturnType<typeof start>

interface Way {
  readonly way: string
  readonly end: (world: World) => Promise<unknown>
  readonly only?: 'server'
  readonly left?: number
}

const ways: readonly Way[] = [
  { way: 'the logout route', end: ({ tab }) => tab.post('/auth/logout') },
  {
    way: 'endSession()',
    end: ({ tab, auth }) =>
      tab.get('/', undefined, {}, async () => {
        await auth.endSession()
        return new Response()
      }),
  },
  {
    way: 'endSession() of a session by its id',
    only: 'server',
    end: async ({ auth, keyOf }) => auth.sessionById(await keyOf()).endSession(),
  },
  { way: 'another sign-in', end: ({ tab, server }) => signIn(tab, server), left: 2 },
  { way: 'a logout token', end: ({ logOut }) => logOut({ sub: 'user-1' }) },
  {
    way: 'a refresh token that the server refuses',
    async end({ tab, server, clock }) {
      server.script('refresh', { type: 'error', error: 'invalid_grant' })
      await clock.advance(301_000)
      await tab.get('/')
    },
  },
  {
    way: 'the ID token of another user',
    async end({ tab, server, clock }) {
      server.script('refresh', { type: 'idToken', claims: { sub: 'user-2' } })
      await clock.advance(301_000)
      await tab.get('/')
    },
  },
]

describe.each(kinds)('S12: a session that has ended is in no index, %s session', (session) => {
  it.each(ways.filter(({ only = session }) => only === session))('by $way', async ({ end, left = 0 }) => {
    const world = start({ session })
    await signIn(world.tab, world.server)
    // By `sub` and by `sid`.
    expect(world.pairs.size).toBe(2)
    await end(world)
    await idle(() => world.pairs.size === left)
    expect(world.pairs.size).toBe(left)
    expect(ofType(world.events, 'session_ended')).toHaveLength(1)
  })
})

describe.each(kinds)('S12: a logout token, %s session', (session) => {
  it('reads each of the sessions once', async () => {
    const { auth, server, browser, reads, logOut } = start({ session })
    const tabs = Array.from({ length: 120 }, () =>
      browser(async () => new Response((await auth.getUser())?.sub)),
    )
    for (const tab of tabs) {
      await tab.get('/', undefined, {}, async () => {
        await auth.startSession(await server.issue({ sub: 'user-1', expiresIn: 3600 }))
        return new Response()
      })
    }
    reads.length = 0
    expect(await logOut({ sub: 'user-1' })).toBe(200)
    // Those beyond one for each session are for the logout itself.
    expect(reads.length).toBeLessThanOrEqual(tabs.length + 3)
    for (const tab of tabs) expect(await (await tab.get('/')).text()).toBe('')
  })
})

describe.each(kinds)('S12: a %s session that started without an ID token', (session) => {
  it('is listed once under the `sid` of its first refresh, and costs nothing at the next ones', async () => {
    const { auth, server, clock, tab, reads, pairs, added, logOut, keyOf } = start({ session })
    const { id_token: _omitted, ...response } = await server.issue({ sub: 'user-1', expiresIn: 300 })
    await tab.get('/', undefined, {}, async () => {
      await auth.startSession(response, { claims: { sub: 'user-1' } })
      return new Response()
    })
    expect(pairs.size).toBe(1)
    const key = await keyOf()
    const costs: number[][] = []
    for (let i = 0; i < 3; i++) {
      await clock.advance(301_000)
      reads.length = added.length = 0
      const others = () => reads.filter((each) => each !== key).length
      expect((await tab.get('/')).status).toBe(200)
      // Background work must be included.
      if (i === 0) await idle(() => others() >= 2)
      await idle(() => others() > 2, 30)
      costs.push([others(), added.length])
    }
    // Two names have the new `sid`: that of a logout token without a subject, and that of one with it.
    expect(costs).toEqual([
      [2, 1],
      [0, 0],
      [0, 0],
    ])
    expect(await logOut({ sid: server.grants.find('user-1')?.sid ?? '' })).toBe(200)
    expect((await tab.get('/')).status).toBe(401)
  })
})

it('a logout token that names one session of a user reads each of the sessions once', async () => {
  const { server, browser, reads, pairs, logOut } = start({ backChannelLogout: 'all' })
  for (let i = 0; i < 3; i++) await signIn(browser(), server)
  const keys = new Set([...pairs].map((pair) => pair.split(' ')[1] ?? ''))
  const sid = server.grants.find('user-1')?.sid ?? ''
  reads.length = 0
  expect(await logOut({ sid })).toBe(200)
  expect(reads.filter((key) => keys.has(key)).toSorted()).toEqual([...keys].toSorted())
})

describe('S27: with back-channel logout, a cookie session that the store does not know', () => {
  it('is over: its sign-out may be forgotten', async () => {
    const { tab, server, memory, events, keyOf } = start({})
    await signIn(tab, server)
    const key = await keyOf()
    await memory.remove(key)
    expect((await tab.get('/')).status).toBe(401)
    expect((await tab.get('/auth/user')).status).toBe(401)
    expect(
      ofType(events, 'session_rejected').length + ofType(events, 'session_ended').length,
    ).toBeGreaterThan(0)
  })

  it('can still be signed out, which revokes its tokens', async () => {
    const { tab, server, memory, keyOf } = start({})
    await signIn(tab, server)
    await memory.remove(await keyOf())
    const response = await tab.post('/auth/logout')
    expect(response.status).toBe(303)
    await idle(() => server.counts.revoke > 0)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('continues without that option', async () => {
    const { tab, server, memory, keyOf } = start({ backChannelLogout: false })
    await signIn(tab, server)
    await memory.remove(await keyOf())
    expect((await tab.get('/')).status).toBe(200)
  })
})
