import type { EvertokenOptions } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { type Application, type Browser, createApplication, createTestStore } from './application.ts'
import type { FaultyStore } from '@evertoken/testkit'
import { idle } from './steps.ts'

const CALLS = 20

interface World {
  readonly counts: FaultyStore['counts']
  readonly application: Application
  readonly tab: Browser
}

/** Signs a user in and waits until the access token has expired. */
async function expire(overrides: Partial<EvertokenOptions>): Promise<World> {
  const store = createTestStore()
  const application = createApplication({ store, ...overrides })
  const tab = application.browser()
  await tab.signIn()
  // The first call of a process fetches the metadata and learns the time of the server.
  await tab.get('/')
  await application.clock.advance(301_000)
  store.resetCounts()
  return { counts: store.counts, application, tab }
}

describe('the store operations of an expired token', () => {
  it.each([
    { session: 'cookie', reads: 2 },
    { session: 'server', reads: 1 },
  ] as const)('one call costs $reads reads and 2 swaps, $session session', async ({ session, reads }) => {
    const { counts, tab } = await expire({ session })
    expect((await tab.get('/')).status).toBe(200)
    expect(counts).toEqual({ read: reads, swap: 2, remove: 0, index: 0 })
  })

  it.each(['cookie', 'server'] as const)(
    'a burst of 20 calls costs at most 21 reads and 2 swaps, %s session',
    async (session) => {
      const { counts, tab, application } = await expire({ session })
      const stale = tab.cookieHeader()
      const responses = await Promise.all(Array.from({ length: CALLS }, () => tab.get('/', stale)))
      expect(responses.every(({ status }) => status === 200)).toBe(true)
      expect(application.server.counts.refresh).toBe(1)
      expect(counts.read).toBeLessThanOrEqual(CALLS + 1)
      expect(counts.swap).toBe(2)
      const cookies = responses.map(({ headers }) => headers.getSetCookie().join())
      expect(new Set(cookies).size).toBe(1)
      expect(cookies[0] === '').toBe(session === 'server')
    },
  )
})

it('a background refresh of a server session costs 2 swaps, because it has extended the session too', async () => {
  const store = createTestStore({ shared: true })
  const application = createApplication({ store, session: 'server', idleTimeoutSeconds: 1000 })
  const tab = application.browser()
  await tab.signIn()
  await application.clock.advance(285_000)
  store.resetCounts()
  await tab.get('/', undefined, undefined, async () => {
    await application.auth.getUserAccessToken()
    await idle(() => store.counts.swap < 2)
    await idle(() => false, 20)
    return new Response()
  })
  expect(application.server.counts.refresh).toBe(1)
  expect(store.counts).toMatchObject({ swap: 2 })
})
