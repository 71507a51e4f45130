import { describe, expect, it } from 'vitest'
import { createApplication, createTestStore, kinds } from './application.ts'
import { idle, ofType, signIn } from './steps.ts'

const EXPIRED_MS = 301_000

describe.each(kinds)('%s session', (session) => {
  it('"cookieName" names the cookies of the session and of the sign-in', async () => {
    const { server, browser } = createApplication({ session, cookieName: 'shop' })
    const tab = browser()
    const login = await tab.get('/auth/login')
    expect([...tab.cookies.keys()]).toEqual([expect.stringMatching(/^__Host-Http-shop\b/)])
    await server.fetch(login.headers.get('location') ?? '', { redirect: 'manual' })
    tab.cookies.clear()
    await signIn(tab, server)

    expect([...tab.cookies.keys()]).toEqual(['__Host-Http-shop'])
    expect((await tab.get('/')).status).toBe(200)
    const renamed = tab.cookieHeader().replace('shop', 'evertoken')
    expect((await tab.get('/', renamed)).status).toBe(401)
  })

  it('"refreshBeforeExpirySeconds" says how early a token is refreshed in the background', async () => {
    const refreshesWithin = async (refreshBeforeExpirySeconds: number) => {
      const { server, clock, browser } = createApplication(
        { session, refreshBeforeExpirySeconds },
        { accessTokenSeconds: 1000 },
      )
      const tab = browser()
      await tab.signIn(1000)
      await clock.advance(850_000)
      expect((await tab.get('/')).status).toBe(200)
      await idle(() => server.counts.refresh > 0, 100)
      return server.counts.refresh
    }

    expect(await refreshesWithin(240)).toBe(1)
    expect(await refreshesWithin(60)).toBe(0)
  })

  it('"storeTimeoutSeconds" bounds how long a call waits for the store', async () => {
    const store = createTestStore()
    const { clock, browser } = createApplication({ session, store, storeTimeoutSeconds: 2 })
    const tab = browser()
    await tab.signIn()
    store.always('read', { type: 'hang' })
    let outcome: unknown
    tab.get('/').catch((error: unknown) => (outcome = error))
    while (clock.pending === 0) await clock.advance(0)

    await clock.advance(1900)
    expect(outcome).toBeUndefined()
    await clock.advance(200)
    expect(outcome).toMatchObject({ name: 'OperatorError', code: 'store_unavailable' })
  })

  it('reports an invalid ID token of a refresh by "id_token_ignored"', async () => {
    const { server, clock, events, browser } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    server.script('refresh', { type: 'idToken', signature: 'none' })
    await clock.advance(EXPIRED_MS)

    expect((await tab.get('/')).status).toBe(200)
    const [refreshed] = ofType(events, 'token_refreshed')
    expect(ofType(events, 'id_token_ignored')).toEqual([
      { type: 'id_token_ignored', session: refreshed?.session },
    ])
    await clock.advance(EXPIRED_MS)
    await tab.get('/')
    expect(ofType(events, 'id_token_ignored')).toHaveLength(1)
  })
})
