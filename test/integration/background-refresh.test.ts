import { evertoken } from '@evertoken/node'
import { type Fault, pauseAfterProcessing, pauseBeforeProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import {
  answerWithToken,
  createApplication,
  createBrowser,
  createTestStore,
  type Overrides,
} from './application.ts'
import { idle, isSettled } from './steps.ts'

/** A tab whose access token still works, but is so near its end that the next call refreshes it in the background. */
async function startNearExpiry(
  overrides: Overrides = {},
  hold: Extract<Fault, { type: 'pause' }> = pauseAfterProcessing(),
) {
  const application = createApplication(overrides)
  const tab = application.browser()
  await tab.signIn()
  await application.clock.advance(285_000)
  application.server.script('refresh', hold)
  return { ...application, tab, hold }
}

const lasting = () => ({
  store: createTestStore({ shared: true }),
})

describe('a refresh in the background', () => {
  it('is in the cookie of its response, so that a restart without a store loses nothing', async () => {
    const { options, server, clock, tab, hold } = await startNearExpiry()
    const response = tab.get('/')
    await hold.reached
    expect(await isSettled(response)).toBe(false)
    hold.release()
    expect((await response).headers.getSetCookie()).toHaveLength(1)

    const restarted = evertoken(options)
    const visitor = createBrowser(restarted, server, answerWithToken(restarted))
    await clock.advance(600_000)
    expect((await visitor.get('/', tab.cookieHeader())).status).toBe(200)
    expect(server.maxUses()).toBe(1)
  })

  it('holds its response back for 3 seconds and no longer', async () => {
    const { clock, tab, hold } = await startNearExpiry()
    const response = tab.get('/')
    await hold.reached
    await clock.advance(2999)
    expect(await isSettled(response)).toBe(false)
    await clock.advance(1)
    expect((await response).status).toBe(200)
    expect((await response).headers.getSetCookie()).toEqual([])

    // The store has the result, and the next response brings it.
    hold.release()
    await idle(() => false, 50)
    expect((await tab.get('/')).headers.getSetCookie()).toHaveLength(1)
  })

  it.each([
    ['a server session', { session: 'server' }],
    ['a store that outlives the process', lasting()],
  ] as const)('holds no response back with %s', async (_setup, overrides) => {
    const { tab, hold } = await startNearExpiry(overrides)
    const response = tab.get('/')
    await hold.reached
    expect((await response).status).toBe(200)
    hold.release()
  })

  it('is in the cookie of its response in every setup if it is done before', async () => {
    const { auth, tab, hold, events } = await startNearExpiry(lasting())
    const response = tab.get('/', undefined, undefined, async () => {
      const token = await auth.getUserAccessToken()
      await hold.reached
      hold.release()
      await idle(() => events.some(({ type }) => type === 'token_refreshed'))
      return new Response(token?.value)
    })
    expect((await response).headers.getSetCookie()).toHaveLength(1)
  })

  it('does not hold back the response of a sign-out', async () => {
    const { auth, tab, hold } = await startNearExpiry()
    const response = tab.get('/', undefined, undefined, async () => {
      await auth.getUserAccessToken()
      await hold.reached
      await auth.endSession()
      return new Response()
    })
    const [line] = (await response).headers.getSetCookie()
    expect(line).toContain('Max-Age=0')
    hold.release()
  })

  it('does not fail its response when it fails', async () => {
    const { tab, hold, events } = await startNearExpiry(
      {},
      pauseBeforeProcessing({ type: 'status', status: 503 }),
    )
    const response = tab.get('/')
    await hold.reached
    expect(await isSettled(response)).toBe(false)
    hold.release()
    expect((await response).status).toBe(200)
    expect(events.map(({ type }) => type)).toContain('refresh_failed')
  })

  it('is in the cookie as well when the caller that waited for it has left', async () => {
    const { auth, clock, tab, hold } = await startNearExpiry()
    await clock.advance(20_000)
    const response = tab.get('/', undefined, undefined, async () => {
      const leaving = new AbortController()
      const token = auth.getUserAccessToken({ signal: leaving.signal })
      await hold.reached
      leaving.abort()
      await token.catch(() => undefined)
      return new Response()
    })
    await hold.reached
    expect(await isSettled(response)).toBe(false)
    hold.release()
    expect((await response).headers.getSetCookie()).toHaveLength(1)
  })
})
