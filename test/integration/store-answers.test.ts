import {
  ConfigurationError,
  createMemoryStore,
  type EvertokenError,
  type SessionStore,
} from '@evertoken/core'
import { createFaultyStore, createManualClock, type ManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { answerWithToken, createApplication, createTestStore, kinds, origin } from './application.ts'

type Swap = SessionStore['swap']

/** A store whose next swap can have another result. */
function answering(now: () => number) {
  const store = createMemoryStore({ clock: { now, elapsed: () => now() * 1000 } })
  const control: { next?: (swap: Swap) => Swap; readonly store: SessionStore } = {
    store: {
      read: (key) => store.read(key),
      remove: (key) => store.remove(key),
      swap(...args) {
        const { next } = control
        delete control.next
        return (next ? next(store.swap) : store.swap)(...args)
      },
    },
  }
  return control
}

/** The result of a client that repeats a swap after a lost response. */
const appliedTwice =
  (swap: Swap): Swap =>
  async (...args) => {
    await swap(...args)
    return swap(...args)
  }

describe('wrong results of the store', () => {
  it('I2: signing out revokes the refresh token for any result of the swap', async () => {
    const control = answering(() => 0)
    const { server, browser } = createApplication({ session: 'cookie', store: control.store })
    const tab = browser()
    await tab.signIn()
    control.next = appliedTwice

    expect((await tab.post('/auth/logout')).status).toBe(303)

    await expect.poll(() => server.grants.alive('user-1')).toBe(false)
  })

  it.each(kinds)('I2: a loss is reported although the store hides the end, %s session', async (session) => {
    const control = answering(() => 0)
    const { auth, server, clock, events, browser } = createApplication({ session, store: control.store })
    const tab = browser(answerWithToken(auth))
    await tab.signIn()
    await clock.advance(301_000)
    server.script('refresh', [
      { type: 'reset', processed: true },
      () => {
        control.next =
          (swap) =>
          async (...args) => {
            await clock.sleep(5100)
            return swap(...args)
          }
        return undefined
      },
    ])
    await tab.get('/').catch(() => undefined)
    await clock.advance(2000)

    let answered = false
    const answer = () => (answered = true)
    void tab.get('/').then(answer, answer)
    while (!answered) await clock.advance(100)
    await clock.advance(1000)

    expect(await (await tab.get('/')).text()).toBe('nobody')
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'refresh_token_lost', reason: 'answer_lost' }),
    )
  })
})

it('I1: a late request costs nothing where the clock is five minutes behind that of the store', async () => {
  let ahead = 0
  const now = () => clock.now() + ahead
  const store = createFaultyStore(createMemoryStore({ clock: { now, elapsed: () => now() * 1000 } }))
  const { server, clock, browser } = createApplication({ store })
  const tab = browser()
  await tab.signIn()
  await clock.advance(301_000)
  clock.jump(-300)
  ahead = 300
  const stale = tab.cookieHeader()
  await clock.advance(301_000)
  await tab.get('/')
  await clock.advance(200_000)
  const before = store.counts.swap
  await tab.get('/')
  await expect.poll(() => store.counts.swap).toBe(before + 1)
  await clock.advance(1000)

  await tab.get('/', stale)

  expect(server.maxUses()).toBe(1)
  expect(server.grants.alive('user-1')).toBe(true)
})

it('I2: a store that can never hold the session is called one time, and the loss is reported', async () => {
  const store = createTestStore()
  let refused = 0
  const { server, clock, events, browser } = createApplication({ session: 'server', store })
  store.always('swap', () => {
    // The lease still fits. The result of the refresh does not.
    if (server.counts.refresh === 0) return undefined
    refused++
    return { type: 'fail', error: new ConfigurationError('session_too_large', 'Use another store') }
  })
  const tab = browser()
  await tab.signIn()
  await clock.advance(301_000)

  await expect(tab.get('/')).rejects.toMatchObject({ code: 'session_too_large' })
  expect(refused).toBe(1)
  expect(events.filter(({ type }) => type === 'refresh_token_lost')).toHaveLength(1)
})

it('I5: a wall clock that is two days ahead for a while loses no server session', async () => {
  const { clock, browser } = createApplication({ session: 'server' })
  const [before, during] = [browser(), browser()]
  await before.signIn()
  clock.jump(2 * 86_400)
  // Each write looks for records that have expired, to make room.
  for (let i = 0; i < 5; i++) await during.signIn()
  clock.jump(-2 * 86_400)

  expect((await before.get('/')).status).toBe(200)
  expect((await during.get('/')).status).toBe(200)
})

it.each(kinds)(
  'I5: a store that hangs for a minute, %s session: three calls wait for it, and the session is kept',
  async (session) => {
    const store = createTestStore({ shared: true })
    const application = createApplication({ session, store, clock: createManualClock({ auto: true }) })
    const { auth, events, options, browser } = application
    const clock = options.clock as ManualClock
    const tab = browser()
    await tab.signIn(86_400)
    const cookies = tab.cookieHeader()
    const outage = store.outage({ fault: { type: 'hang' } })
    const waited: number[] = []
    const startedAt = clock.elapsed()
    while (clock.elapsed() - startedAt < 60_000) {
      const before = clock.elapsed()
      const code = await auth
        .session(requestWith(cookies))
        .getUserAccessToken()
        .then(
          () => 'a token',
          (error: EvertokenError) => error.code,
        )
      expect(code).toBe('store_unavailable')
      waited.push(clock.elapsed() - before)
      await clock.advance(50)
    }
    expect(waited.filter((ms) => ms > 500)).toEqual([5000, 5000, 5000])
    expect(waited.filter((ms) => ms === 0).length).toBeGreaterThan(waited.length / 2)

    outage.end()
    await clock.advance(500)
    expect((await tab.get('/')).status).toBe(200)
    expect((await tab.get('/')).status).toBe(200)
    expect(events.filter(({ type }) => type.startsWith('store_')).map(({ type }) => type)).toEqual([
      'store_failed',
      'store_recovered',
    ])
  },
)

function requestWith(cookie: string): Request {
  return new Request(origin, { headers: { cookie } })
}
