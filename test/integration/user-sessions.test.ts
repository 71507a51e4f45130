import { createMemoryStore, type EvertokenEvent, type SessionStore } from '@evertoken/core'
import { endSessions, listSessions } from '@evertoken/core/sessions'
import { evertoken } from '@evertoken/node'
import { createTokenManagement } from '@evertoken/core/tokens'
import { createFlights } from '@evertoken/core/adapter'
import { pauseAfterProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import {
  createApplication,
  createBrowser,
  createTestStore,
  kinds,
  origin,
  type Overrides,
} from './application.ts'
import { APP_URL, CLIENT_ID, type SignedIn, signInAt, startOidcProvider } from './oidc-provider.ts'
import { idle, ofType, untilDone } from './steps.ts'

const SUB = 'user-1'

function start(options: Overrides) {
  const application = createApplication({ indexSessions: true, ...options })
  const { auth, server, browser, options: own } = application
  async function startIn(sub = SUB) {
    const tab = browser()
    const tokens = await server.issue({ sub, expiresIn: 300 })
    await tab.get('/', undefined, {}, async () => {
      await auth.startSession(tokens, { claims: { sub } })
      return new Response()
    })
    const bound = () => auth.session(new Request(origin, { headers: { cookie: tab.cookieHeader() } }))
    const id = (await bound().getSession())?.id ?? ''
    const { access_token: token } = tokens
    return { tab, id, token, isActive: async () => (await tab.get('/')).status === 200 }
  }
  /** Another process with the same store. */
  const otherProcess = (changes: object = {}) => evertoken({ ...own, ...changes })
  const revoked = () => server.log.filter(({ kind }) => kind === 'revoke').length
  return { ...application, startIn, otherProcess, revoked }
}

describe.each(kinds)('the sessions of a user, %s session', (session) => {
  it('are listed with facts and without tokens, the most recently used first', async () => {
    const { auth, clock, startIn, server } = start({ session })
    const first = await startIn()
    await clock.advance(60_000)
    const second = await startIn()
    await startIn('user-2')
    const list = await listSessions(auth, { sub: SUB })
    const now = clock.now()
    expect(list).toEqual([
      expect.objectContaining({ id: second.id, startedAt: now, lastUsedAt: now, scope: 'openid' }),
      expect.objectContaining({ id: first.id, startedAt: now - 60, expiresAt: now - 60 + 86_400 }),
    ])
    expect(list.map(({ claims }) => claims.sub)).toEqual([SUB, SUB])
    for (const token of [
      server.grants.currentRefreshToken(SUB) ?? '',
      second.token,
      second.tab.cookieHeader(),
    ])
      expect([token === '', JSON.stringify(list).includes(token)]).toEqual([false, false])
    expect(await listSessions(auth, { sub: 'nobody' })).toEqual([])
  })

  it('all end from another process: the cookies are rejected, the grants revoked, and each end is an event', async () => {
    const world = start({ session })
    const tabs = [await world.startIn(), await world.startIn()]
    const other = await world.startIn('user-2')
    expect(await endSessions(world.otherProcess(), { sub: SUB })).toBe(2)
    await idle(() => world.revoked() === 2)
    expect([world.revoked(), world.server.grants.alive(SUB)]).toEqual([2, false])
    const ends = ofType(world.events, 'session_ended')
    expect(ends.map(({ reason }) => reason)).toEqual(['signed_out', 'signed_out'])
    expect(new Set(ends.map(({ session: name }) => name)).size).toBe(2)
    expect(await Promise.all(tabs.map(({ isActive }) => isActive()))).toEqual([false, false])
    expect([await other.isActive(), await listSessions(world.auth, { sub: SUB })]).toEqual([true, []])
    // A second call finds nothing.
    expect([await endSessions(world.auth, { sub: SUB }), world.revoked()]).toEqual([0, 2])
  })

  it('one ends by its ID, or all except one; an ID of another user ends nothing', async () => {
    const { auth, startIn } = start({ session })
    const [one, two, three] = [await startIn(), await startIn(), await startIn()]
    const other = await startIn('user-2')
    expect(await endSessions(auth, { sub: SUB, id: other.id })).toBe(0)
    expect(await endSessions(auth, { sub: SUB, id: one.id })).toBe(1)
    expect(await Promise.all([one, two, three, other].map(({ isActive }) => isActive()))).toEqual([
      false,
      true,
      true,
      true,
    ])
    expect(await endSessions(auth, { sub: SUB, except: three.id })).toBe(1)
    expect([await two.isActive(), await three.isActive()]).toEqual([false, true])
  })

  it.each<[revoke: boolean | undefined, revokeOnLogout: boolean, requests: number]>([
    [undefined, true, 1],
    [undefined, false, 0],
    [false, true, 0],
    [true, false, 1],
  ])(
    'with `revoke: %s` and `revokeOnLogout: %s`, %i tokens are revoked',
    async (revoke, revokeOnLogout, requests) => {
      const { auth, startIn, revoked } = start({ session, revokeOnLogout })
      const [left, stays] = [await startIn(), await startIn()]
      const choice = revoke === undefined ? {} : { revoke }
      expect(await endSessions(auth, { sub: SUB, except: stays.id, ...choice })).toBe(1)
      await auth.drain({ timeoutSeconds: 5 })
      expect([revoked(), await left.isActive(), await stays.isActive()]).toEqual([requests, false, true])
    },
  )

  it('a session ends although it is being refreshed: the late response does not bring it back', async () => {
    const world = start({ session })
    const { tab, isActive } = await world.startIn()
    await world.clock.advance(301_000)
    const pause = pauseAfterProcessing()
    world.server.script('refresh', pause)
    const refreshing = tab.get('/')
    await pause.reached
    expect(await endSessions(world.auth, { sub: SUB })).toBe(1)
    pause.release()
    expect((await refreshing).status).toBe(401)
    await idle(() => world.revoked() === 2)
    expect([await isActive(), world.server.grants.alive(SUB)]).toEqual([false, false])
    expect(await listSessions(world.auth, { sub: SUB })).toEqual([])
  })

  it('began before the option was set: they keep working, and appear at their next write', async () => {
    const store = createMemoryStore()
    const before = start({ session, store, indexSessions: false })
    const { tab } = await before.startIn()
    const auth = before.otherProcess({ indexSessions: true })
    const after = createBrowser(auth, before.server, async () => {
      const token = await auth.getUserAccessToken()
      return new Response('', { status: token ? 200 : 401 })
    })
    const visit = async () => {
      const response = await after.get('/', after.cookieHeader() || tab.cookieHeader())
      return response.status
    }
    expect([await visit(), await listSessions(auth, { sub: SUB })]).toEqual([200, []])
    await before.clock.advance(301_000)
    expect(await visit()).toBe(200)
    expect(await listSessions(auth, { sub: SUB })).toMatchObject([{ claims: { sub: SUB } }])
    expect(await endSessions(auth, { sub: SUB })).toBe(1)
    expect(await visit()).toBe(401)
    // The cookie from before the option is rejected too.
    expect((await after.get('/', tab.cookieHeader())).status).toBe(401)
  })

  it('if the store fails for one of them, the others end, and the failure is reported', async () => {
    const store = createTestStore({ shared: true })
    const { auth, startIn, events, clock } = start({ session, store })
    const [one, two, three] = [await startIn(), await startIn(), await startIn()]
    store.always('swap', ({ key }) => (key === two.id ? { type: 'fail' } : undefined))
    const failure = await endSessions(auth, { sub: SUB }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'OperatorError', code: 'store_unavailable' })
    expect((failure as Error).message).toMatch(/^2 sessions have ended, 1 may not\./)
    expect(ofType(events, 'sign_out_incomplete')).toMatchObject([
      { session: two.id.slice(0, ofType(events, 'session_started')[0]?.session.length), retrying: true },
    ])
    // This process does not use the session any longer, and ends it as soon as the store works.
    expect(await Promise.all([one, two, three].map(({ isActive }) => isActive()))).toEqual([
      false,
      false,
      false,
    ])
    store.always('swap', () => undefined)
    await clock.advance(60_000)
    await idle(() => ofType(events, 'session_ended').length === 3)
    expect(ofType(events, 'session_ended').length).toBe(3)
  })

  it('if the store fails, neither call reports a wrong result', async () => {
    const store = createTestStore({ shared: true })
    const { auth, startIn, clock } = start({ session, store })
    const { id } = await startIn()
    store.always('read', { type: 'fail' })
    const calls = [
      listSessions(auth, { sub: SUB }),
      endSessions(auth, { sub: SUB }),
      endSessions(auth, { sub: SUB, id }),
    ].map((call) => call.catch((error: unknown) => error))
    for (const result of await untilDone(clock, Promise.all(calls)))
      expect(result).toMatchObject({ code: 'store_unavailable' })
    store.always('read', () => undefined)
    await clock.advance(60_000)
    expect((await listSessions(auth, { sub: SUB })).length).toBe(1)
  })

  it('of another application with the same store are neither shown nor changed', async () => {
    const store = createMemoryStore()
    const { auth, events, startIn, otherProcess } = start({ session, store })
    const { isActive } = await startIn()
    const other = otherProcess({ cookieName: 'other', encryptionSecret: 'another secret of 32 characters!' })
    expect(await listSessions(other, { sub: SUB })).toEqual([])
    expect(await endSessions(other, { sub: SUB })).toBe(0)
    expect([await isActive(), (await listSessions(auth, { sub: SUB })).length]).toEqual([true, 1])
    expect([await endSessions(auth, { sub: SUB }), await isActive()]).toEqual([1, false])
    expect(ofType(events, 'sign_out_incomplete')).toEqual([])
  })

  it('many sessions end with a limited number of operations at the same time', async () => {
    const memory = createMemoryStore()
    let [running, most] = [0, 0]
    const limited: SessionStore = {
      ...memory,
      async read(key) {
        most = Math.max(most, (running += 1))
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return memory.read(key)
      },
    }
    const { auth, startIn } = start({ session, store: limited })
    for (let i = 0; i < 120; i++) await startIn()
    most = 0
    expect((await listSessions(auth, { sub: SUB })).length).toBe(120)
    expect([await endSessions(auth, { sub: SUB }), most <= 50]).toEqual([120, true])
  })
})

describe('listSessions and endSessions name the remedy', () => {
  const refused = (message: string) => ({
    name: 'ConfigurationError',
    code: 'invalid_option',
    message: expect.stringContaining(message) as string,
  })

  it('without the option, with a store without an index, and for another object', async () => {
    const { auth, options } = createApplication()
    await expect(listSessions(auth, { sub: SUB })).rejects.toMatchObject(refused('Set `indexSessions: true`'))
    await expect(endSessions(auth, { sub: SUB })).rejects.toMatchObject(refused('Set `indexSessions: true`'))
    await expect(listSessions({} as never, { sub: SUB })).rejects.toMatchObject(refused('evertoken()'))
    const { index: _index, ...store } = createMemoryStore()
    expect(() => createApplication({ indexSessions: true, store })).toThrow('`indexSessions` needs a store')
    const tokens = createTokenManagement(
      {
        server: options.server,
        clientId: 'web',
        clientSecret: 'secret',
        encryptionSecret: 'a secret of thirty-two characters',
      },
      {
        context: { run: (_value, work) => work(), get: () => undefined },
        flights: createFlights(),
        keepAlive() {},
      },
    )
    await expect(listSessions(tokens, { sub: SUB })).rejects.toMatchObject(refused('indexSessions'))
  })

  it('for options that could end other sessions than those that are meant', async () => {
    const { auth } = start({})
    const calls: [object, string][] = [
      [{}, '`sub` is missing'],
      [{ sub: '' }, '`sub`'],
      [{ sub: SUB, id: undefined }, '`id` is undefined'],
      [{ sub: SUB, except: undefined }, '`except` is undefined'],
      [{ sub: SUB, id: 'a', except: 'b' }, '`except` must be omitted'],
      [{ sub: SUB, revoke: 'all' }, '`revoke`'],
      [{ sub: SUB, ids: [] }, 'Did you mean `id`'],
    ]
    for (const [options, message] of calls)
      await expect(endSessions(auth, options as never)).rejects.toMatchObject(refused(message))
  })
})

it('the option alone adds no route for logout tokens', async () => {
  const { auth } = start({})
  const request = new Request(`${origin}/auth/back-channel-logout`, { method: 'POST' })
  expect(auth.route(request)).toBeUndefined()
})

it('at a real oidc-provider: the refresh tokens of all ended sessions are revoked', async () => {
  const { issuer } = await startOidcProvider({ client_secret: 'secret' })
  const events: EvertokenEvent[] = []
  const auth = evertoken({
    issuer,
    clientId: CLIENT_ID,
    clientSecret: 'secret',
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: APP_URL,
    session: 'server',
    indexSessions: true,
    onEvent: (event) => void events.push(event),
  })
  const users = [await signInAt(auth), await signInAt(auth), await signInAt(auth)]
  const read = async ({ get }: SignedIn) => {
    let seen: Awaited<ReturnType<typeof auth.getSession>>
    await get('/', async () => {
      seen = await auth.getSession()
      return new Response()
    })
    return seen
  }
  const [, , current] = await Promise.all(users.map(read))
  const sub = current?.claims.sub ?? ''
  expect((await listSessions(auth, { sub })).length).toBe(3)
  expect(await endSessions(auth, { sub, except: current?.id ?? '' })).toBe(2)
  await auth.drain()
  expect(ofType(events, 'refresh_token_revoked').map(({ outcome }) => outcome)).toEqual([
    'revoked',
    'revoked',
  ])
  expect((await Promise.all(users.map(read))).map((session) => session?.id)).toEqual([
    undefined,
    undefined,
    current?.id,
  ])
})
