import { pauseAfterProcessing } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { idle } from './steps.ts'

const start = (session: (typeof kinds)[number], tokenResponse: Record<string, unknown>) => {
  const application = createApplication({ session }, { tokenResponse })
  const { auth, browser, events } = application
  const tab = browser(async () => {
    await auth.getUserAccessToken()
    return Response.json((await auth.getSession()) ?? null)
  })
  const info = async () => (await (await tab.get('/')).json()) as { grantExpiresAt?: number } | null
  const startSession = () =>
    tab.get('/', undefined, {}, async () => {
      await auth.startSession({ ...(await application.server.issue()), ...tokenResponse })
      return new Response()
    })
  const warnings = () => events.filter(({ type }) => type === 'grant_expires_soon')
  return { ...application, tab, info, startSession, warnings }
}

it.each(kinds)(
  'a refresh extends a grant of limited life, and the session ends with it, %s session',
  async (session) => {
    const { clock, info, startSession, tab, warnings } = start(session, { refresh_expires_in: 1800 })
    await startSession()
    const first = Math.floor(clock.now() + 1799.5)
    expect(Math.floor((await info())?.grantExpiresAt ?? 0)).toBe(first)
    expect(await (await tab.get('/auth/user')).json()).toMatchObject({ grantExpiresAt: first })

    await clock.advance(1_000_000)
    expect(Math.floor((await info())?.grantExpiresAt ?? 0)).toBe(first + 1000)
    await clock.advance(1_801_000)
    expect(await info()).toBeNull()
    expect(warnings()).toEqual([])
  },
)

it.each(kinds)('warns once before a grant ends, %s session', async (session) => {
  const { clock, info, startSession, server, warnings } = start(session, { refresh_token_expires_in: 7200 })
  await startSession()
  const grantExpiresAt = Math.floor(clock.now() + 7200)
  for (let minutes = 0; minutes < 115; minutes += 5) {
    server.script('refresh', {
      type: 'members',
      set: { refresh_token_expires_in: 7200 - 60 * (minutes + 6) },
    })
    await clock.advance(301_000)
    await info()
  }
  expect(warnings()).toHaveLength(1)
  const [warning] = warnings() as { grantExpiresAt: number }[]
  expect(Math.abs((warning?.grantExpiresAt ?? 0) - grantExpiresAt)).toBeLessThan(120)
})

it.each(kinds)(
  'a refresh that is sent before the grant ends can bring a later end, %s session',
  async (session) => {
    const { clock, info, startSession, server, tab, events } = start(session, { refresh_expires_in: 1800 })
    await startSession()
    await clock.advance(1_795_000)
    const pause = pauseAfterProcessing()
    server.script('refresh', pause)
    const call = expect(tab.get('/')).rejects.toMatchObject({ code: 'refresh_pending' })
    await pause.reached
    await clock.advance(60_000)
    await call
    pause.release()
    await idle(() => events.some(({ type }) => type === 'token_refreshed'))
    expect((await info())?.grantExpiresAt).toBeGreaterThan(clock.now() + 1700)
    expect(server.counts).toMatchObject({ refresh: 1, revoke: 0 })
  },
)
