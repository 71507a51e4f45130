import { SignInRequiredError } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { type Application, createApplication, createTestStore, kinds } from './application.ts'
import { ofType } from './steps.ts'

/** Signs in and lets the token expire; then so many callers of one page ask for it. */
async function ask(application: Application, callers: number, isExpired = true): Promise<number> {
  const { auth, clock, browser } = application
  const tab = browser(async () => {
    const tokens = Array.from({ length: callers }, () => auth.getUserAccessToken())
    const results = await Promise.allSettled(tokens)
    return Response.json(results.filter(({ status }) => status === 'rejected').length)
  })
  await tab.signIn()
  if (isExpired) await clock.advance(301_000)
  return (await (await tab.get('/')).json()) as number
}

describe.each(kinds)('the event token_unavailable, %s session', (session) => {
  it('comes once for each caller who gets no token, with the reason', async () => {
    const application = createApplication({ session })
    application.server.script('refresh', { type: 'status', status: 500 })
    expect(await ask(application, 3)).toBe(3)
    const events = ofType(application.events, 'token_unavailable')
    expect(events.map(({ code }) => code)).toEqual(Array(3).fill('refresh_outcome_unknown'))
    expect(new Set(events.map(({ session: name }) => name)).size).toBe(1)
    expect(ofType(application.events, 'refresh_failed')).toHaveLength(1)
  })

  it('comes with one refresh_failed if the metadata of the server is not available', async () => {
    let isDown = false
    const application: Application = createApplication({
      session,
      async fetch(input, init) {
        if (isDown && new Request(input).url.includes('well-known')) throw new Error('down')
        return application.server.fetch(input, init)
      },
    })
    isDown = true
    expect(await ask(application, 1)).toBe(1)
    const code = 'authorization_server_unavailable'
    const types = ['refresh_failed', 'token_unavailable'] as const
    expect(types.map((type) => ofType(application.events, type).map((event) => event.code))).toEqual([
      [code],
      [code],
    ])
  })

  it('does not come for a caller who gets a token, nor for a user who must sign in', async () => {
    const application = createApplication({ session })
    expect(await ask(application, 3)).toBe(0)
    application.server.grants.end('user-1')
    await ask(application, 3).catch((error: unknown) => expect(error).toBeInstanceOf(SignInRequiredError))
    expect(ofType(application.events, 'token_unavailable')).toEqual([])
  })

  it('comes as well if the session cannot be read', async () => {
    const store = createTestStore()
    const application = createApplication({ session, store })
    const { auth, browser, events } = application
    const tab = browser(async () => {
      store.always('read', { type: 'fail' })
      const failure = await auth.getUserAccessToken().catch((error: unknown) => error)
      store.always('read', undefined)
      return Response.json(failure)
    })
    await tab.signIn()
    await tab.get('/')
    expect(ofType(events, 'token_unavailable')).toMatchObject([{ code: 'store_unavailable' }])
  })
})
