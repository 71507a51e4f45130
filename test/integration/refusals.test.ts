import { EvertokenError, type TokenOptions } from '@evertoken/core'
import { expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

/** Responds with the value of a token, or with the code of the error. */
function asking(session: (typeof kinds)[number], wanted: TokenOptions) {
  const application = createApplication({ session })
  const { auth } = application
  const tab = application.browser(async (request) => {
    const token = await auth
      .getUserAccessToken(new URL(request.url).pathname === '/special' ? wanted : {})
      .catch((error: unknown) => {
        if (error instanceof EvertokenError) return { value: error.code }
        throw error
      })
    return new Response(token?.value ?? 'nobody')
  })
  return { ...application, tab, ask: async (path: string) => (await tab.get(path)).text() }
}

it.each(kinds)('I7: a resource that is refused holds up nothing else, %s session', async (session) => {
  const { server, clock, tab, ask } = asking(session, { resource: 'https://wrong.example/' })
  await tab.signIn()
  for (const pauseMs of [2000, 298_000, 1001]) {
    server.script('refresh', { type: 'error', error: 'invalid_target' })
    expect(await ask('/special')).toBe('client_rejected')
    // Only for that resource, the next try must wait.
    const { refresh } = server.counts
    expect(await ask('/special')).toBe('client_rejected')
    expect(server.counts.refresh).toBe(refresh)
    await clock.advance(pauseMs)
  }
  expect(await ask('/')).toMatch(/^at_/)
  expect(server.grants.alive('user-1')).toBe(true)
})

it.each(kinds)(
  'A7: 404 responses of a gateway during a deploy ask no user to sign in, %s session',
  async (session) => {
    const { server, clock, tab, ask } = asking(session, {})
    await tab.signIn()
    await clock.advance(301_000)
    for (const seconds of [1.5, 3, 6, 11, 21]) {
      server.script('refresh', { type: 'status', status: 404 })
      expect(await ask('/')).toBe('refresh_outcome_unknown')
      await clock.advance(seconds * 1000)
    }
    expect(server.counts.refresh).toBe(5)
    expect(await ask('/')).toMatch(/^at_/)
  },
)

it.each(kinds)(
  'A7: the third hourly poll that is refused asks for a sign-in, %s session',
  async (session) => {
    const { server, clock, tab, ask } = asking(session, {})
    await tab.signIn()
    const polls: string[] = []
    for (let poll = 0; poll < 4; poll++) {
      await clock.advance(3_600_000)
      server.script('refresh', { type: 'status', status: 404 })
      polls.push(await ask('/'))
    }
    expect(polls).toEqual(['refresh_outcome_unknown', 'refresh_outcome_unknown', 'nobody', 'nobody'])
    await clock.advance(3_600_000)
    expect(await ask('/')).toMatch(/^at_/)
  },
)

it.each(kinds)('S2: more scope than was granted is not asked for, %s session', async (session) => {
  const { server, clock, tab, ask } = asking(session, { scope: 'openid admin' })
  await tab.signIn()

  expect(await ask('/special')).toBe('scope_not_granted')
  expect(server.counts.refresh).toBe(0)
  await clock.advance(301_000)
  expect(await ask('/')).toMatch(/^at_/)
})
