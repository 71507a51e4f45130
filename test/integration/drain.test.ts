import { createFlights } from '@evertoken/core/adapter'
import { createTokenManagement } from '@evertoken/core/tokens'
import { evertoken } from '@evertoken/node'
import { pauseAfterProcessing, pauseBeforeProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import {
  answerWithToken,
  createApplication,
  createBrowser,
  createTestStore,
  kinds,
  origin,
  type Overrides,
} from './application.ts'
import { createGate } from './gate.ts'
import { idle, isSettled, ofType, signIn, untilDone } from './steps.ts'

const SECOND = 1000

/** Two instances that share a store; a browser that is signed in at the first, so many seconds before. */
async function startPair(session: 'cookie' | 'server', agedSeconds: number, overrides: Overrides = {}) {
  const store = createTestStore({ shared: true })
  const application = createApplication({ session, store, ...overrides })
  const second = evertoken(application.options)
  const tab = application.browser()
  await tab.signIn()
  await application.clock.advance(agedSeconds * SECOND)
  const other = createBrowser(second, application.server, answerWithToken(second))
  return { ...application, tab, other }
}

describe.each(kinds)('drain, %s session', (session) => {
  it('lets a refresh finish, and then another instance continues with the new refresh token', async () => {
    const { auth, server, tab, other } = await startPair(session, 301)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)
    const response = tab.get('/')
    await hold.reached
    const drained = auth.drain()
    expect(await isSettled(drained)).toBe(false)
    hold.release()
    await drained
    expect(await isSettled(response)).toBe(true)

    expect((await other.get('/', tab.cookieHeader())).status).toBe(200)
    expect(server.maxUses()).toBe(1)
  })

  it('lets a refresh in the background finish', async () => {
    const { auth, server, tab, other, clock } = await startPair(session, 285)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)
    expect((await tab.get('/')).status).toBe(200)
    await hold.reached
    const drained = auth.drain()
    expect(await isSettled(drained)).toBe(false)
    hold.release()
    await drained

    await clock.advance(60 * SECOND)
    expect((await other.get('/', tab.cookieHeader())).status).toBe(200)
    expect(server.maxUses()).toBe(1)
  })

  it('starts no refresh: a token that works is used, and without one the caller must try later', async () => {
    const { auth, server, clock, tab, other } = await startPair(session, 285)
    await auth.drain()
    expect((await tab.get('/')).status).toBe(200)
    await idle(() => server.counts.refresh > 0, 50)

    await clock.advance(20 * SECOND)
    const refused = await tab.get('/', undefined, undefined, async () => {
      const error: unknown = await auth.getUserAccessToken().catch((cause: unknown) => cause)
      expect(error).toMatchObject({ name: 'TryLaterError', code: 'draining', retryAfterSeconds: 1 })
      return new Response()
    })
    expect(refused.status).toBe(200)
    expect(server.counts.refresh).toBe(0)

    expect((await other.get('/', tab.cookieHeader())).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
  })

  it('gives a caller the result of a refresh that started before', async () => {
    const { auth, server, tab } = await startPair(session, 301)
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)
    const first = tab.get('/')
    await hold.reached
    const drained = auth.drain()
    const second = tab.get('/')
    expect(await isSettled(second)).toBe(false)
    hold.release()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    await drained
  })

  it('lets a refresh that has sent its request send it again, because its response can be lost', async () => {
    const { auth, server, clock, tab } = await startPair(session, 301, {
      server: { refreshTokenReuse: 'tolerant' },
    })
    const hold = pauseBeforeProcessing({ type: 'reset', processed: false })
    server.script('refresh', hold)
    const response = tab.get('/')
    await hold.reached
    const drained = auth.drain()
    hold.release()
    const { status } = await untilDone(clock, response)
    await drained
    expect(status).toBe(200)
    expect(server.counts.refresh).toBe(2)
  })

  it('lets a sign-out and its revocation finish, with its retries', async () => {
    const { auth, server, clock, browser, events } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    server.script('revoke', { type: 'status', status: 503 })
    await tab.post('/auth/logout')
    const drained = auth.drain()
    await clock.advance(999)
    expect(await isSettled(drained)).toBe(false)
    await clock.advance(1)
    await drained
    expect(ofType(events, 'refresh_token_revoked').at(-1)?.outcome).toBe('revoked')
    expect(ofType(events, 'drain_timed_out')).toEqual([])
  })

  it('still handles the routes: sign-in, user, sign-out', async () => {
    const { auth, server, browser } = createApplication({ session })
    await auth.drain()
    const tab = browser()
    await signIn(tab, server)
    expect((await tab.get('/auth/user')).status).toBe(200)
    expect((await tab.post('/auth/logout')).status).toBe(303)
    expect((await tab.get('/auth/user')).status).toBe(401)
  })
})

describe('drain', () => {
  it('lets the responses of requests in progress finish', async () => {
    const { auth, browser } = createApplication()
    const gate = createGate()
    const response = browser(() => gate.opened.then(() => new Response())).get('/')
    const drained = auth.drain()
    expect(await isSettled(drained)).toBe(false)
    gate.open()
    await drained
    expect((await response).status).toBe(200)
  })

  it('ends at its timeout, and reports what remains', async () => {
    const { auth, clock, events, browser } = createApplication()
    const gate = createGate()
    const tab = browser(() => gate.opened.then(() => new Response()))
    const responses = [tab.get('/'), tab.get('/')]
    const drained = auth.drain({ timeoutSeconds: 7 })
    await clock.advance(6999)
    expect(await isSettled(drained)).toBe(false)
    await clock.advance(1)
    await drained
    expect(ofType(events, 'drain_timed_out')).toEqual([{ type: 'drain_timed_out', unfinished: 2 }])
    gate.open()
    await Promise.all(responses)
  })

  it('waits for each caller as long as that caller wants, by default 20 seconds', async () => {
    const { auth, clock, browser } = createApplication()
    const gate = createGate()
    const response = browser(() => gate.opened.then(() => new Response())).get('/')
    const [short, long] = [auth.drain({ timeoutSeconds: 1 }), auth.drain()]
    await clock.advance(1000)
    await short
    await clock.advance(18_999)
    expect(await isSettled(long)).toBe(false)
    await clock.advance(1)
    await long
    gate.open()
    await response
  })

  it('is what `await using` does', async () => {
    const { auth, browser } = createApplication()
    const gate = createGate()
    const response = browser(() => gate.opened.then(() => new Response())).get('/')
    const disposed = auth[Symbol.asyncDispose]()
    expect(await isSettled(disposed)).toBe(false)
    gate.open()
    await Promise.all([disposed, response])
  })

  it('resolves without a timer when there is nothing to wait for', async () => {
    const { auth, clock } = createApplication()
    await auth.drain()
    expect(clock.pending).toBe(0)
  })

  it.each([0, -1, Infinity, NaN, 3601, '20', null])(
    'refuses the timeout %s and drains nothing',
    async (timeout) => {
      const { auth, clock, browser } = createApplication()
      const tab = browser()
      await tab.signIn()
      await clock.advance(301 * SECOND)
      const drained = auth.drain({ timeoutSeconds: timeout as number })
      await expect(drained).rejects.toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' })
      expect((await tab.get('/')).status).toBe(200)
    },
  )

  it('waits for a session that is named explicitly to be stored', async () => {
    const store = createTestStore()
    const hold = pauseBeforeProcessing()
    store.script('swap', hold)
    const { auth, server } = createApplication({ session: 'server', store })
    const started = auth.session(new Request(origin)).startSession(await server.issue())
    const drained = auth.drain()
    expect(await isSettled(drained)).toBe(false)
    hold.release()
    await Promise.all([drained, started])
  })

  it('is part of token management without sign-in', async () => {
    const { options, server, clock } = createApplication()
    const auth = createTokenManagement(options, {
      context: { run: (_value, work) => work(), get: () => undefined },
      flights: createFlights(),
      keepAlive() {},
    })
    const tokens = await server.issue({ expiresIn: 300 })
    let id: string | undefined
    await auth.handle(new Request(origin), async (_request, session) => {
      await session.startSession(tokens)
      id = (await session.getSession())?.id
      return new Response()
    })
    await clock.advance(301 * SECOND)
    await auth.drain()
    const token = auth.sessionById(id ?? '').getUserAccessToken()
    await expect(token).rejects.toMatchObject({ code: 'draining' })
  })
})

describe('keepAlive', () => {
  it('gets the refresh in the background of its request, and drain waits for it too', async () => {
    const { auth, server, tab } = await startPair('server', 285)
    const kept: Promise<unknown>[] = []
    const hold = pauseAfterProcessing()
    server.script('refresh', hold)
    const request = new Request(origin, { headers: { cookie: tab.cookieHeader() } })
    await auth.handle(request, answerWithToken(auth), (work) => kept.push(work))
    await hold.reached
    const all = Promise.all(kept)
    expect(kept.length).toBeGreaterThan(0)
    expect(await isSettled(all)).toBe(false)
    const drained = auth.drain()
    expect(await isSettled(drained)).toBe(false)
    hold.release()
    await Promise.all([all, drained])
  })

  it.each([
    ['is no function', 'waitUntil'],
    [
      'throws',
      () => {
        throw new TypeError('Illegal invocation')
      },
    ],
  ])('is refused with a typed error when it %s', async (_what, keepAlive) => {
    const { auth, tab, server } = await startPair('server', 301)
    const request = new Request(origin, { headers: { cookie: tab.cookieHeader() } })
    const response = auth.handle(request, answerWithToken(auth), keepAlive as never)
    await expect(response).rejects.toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' })

    // The session is kept, and a refresh that has started continues.
    expect((await tab.get('/')).status).toBe(200)
    expect(server.maxUses()).toBe(1)
  })
})
