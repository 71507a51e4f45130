import { expect, it } from 'vitest'
import { type Application, createApplication, createTestStore, kinds } from './application.ts'
import { idle } from './steps.ts'

const CALLS = 25

it.each(
  kinds.flatMap((session) => [
    { session, wasRefreshed: false },
    { session, wasRefreshed: true },
  ]),
)(
  'a call with a current token costs one read of the store and nothing else: $session session, refreshed: $wasRefreshed',
  async ({ session, wasRefreshed }) => {
    const store = createTestStore()
    const { counts } = store
    const application: Application = createApplication({
      session,
      store,
      fetch: async (input, init) => {
        const response = await application.server.fetch(input, init)
        response.headers.set('date', new Date(application.clock.now() * 1000).toUTCString())
        return response
      },
    })
    const { server, clock, events, browser } = application
    const tab = browser()
    await tab.signIn()
    // The first call of a process learns the time of the server.
    await tab.get('/')
    if (wasRefreshed) {
      await clock.advance(301_000)
      await tab.get('/')
    }
    await clock.advance(20_000)
    store.resetCounts()
    server.resetCounts()
    events.length = 0

    const one = await (await tab.get('/')).text()
    expect(counts).toEqual({ read: 1, swap: 0, remove: 0, index: 0 })
    const parallel = await Promise.all(Array.from({ length: CALLS }, () => tab.get('/')))
    for (const response of parallel) {
      expect(await response.text()).toBe(one)
      expect(response.headers.getSetCookie()).toEqual([])
    }

    // Background work must be included.
    await idle(() => counts.swap > 0, 30)
    expect(counts).toEqual({ read: 1 + CALLS, swap: 0, remove: 0, index: 0 })
    expect(server.log).toEqual([])
    expect(events).toEqual([])
    expect(clock.pending).toBe(0)
  },
)
