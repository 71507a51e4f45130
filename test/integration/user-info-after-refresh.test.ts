import type { OnSignIn } from '@evertoken/core'
import type { Fault } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, type Overrides } from './application.ts'
import { idle, ofType, signIn, userOf } from './steps.ts'

const AFTER_REFRESH: Overrides = { server: { userInfo: { afterRefresh: true } } }
/** The name is only in UserInfo. */
const NO_NAME: Fault = { type: 'idToken', claims: { name: undefined } }

/** Signs in, changes the name of the user, and refreshes. */
async function refreshed(overrides: Overrides, prepare: (server: Server) => void = () => {}) {
  const application = createApplication(overrides)
  const { server, clock, browser } = application
  for (const kind of ['token', 'refresh'] as const) server.always(kind, NO_NAME)
  server.user = { sub: 'user-1', claims: { name: 'Kim' } }
  const tab = browser()
  await signIn(tab, server)
  server.always('userinfo', { type: 'members', set: { name: 'Robin' } })
  prepare(server)
  await clock.advance(301_000)
  const before = server.counts.userinfo
  expect((await tab.get('/')).status).toBe(200)
  await idle(() => false, 50)
  const { claims } = await userOf(tab)
  return { ...application, tab, claims, requests: server.counts.userinfo - before }
}
type Server = ReturnType<typeof createApplication>['server']

describe.each(kinds)('UserInfo after a refresh, %s session', (session) => {
  it('brings the current claims, by option only', async () => {
    const { claims, requests, tab } = await refreshed({ session, ...AFTER_REFRESH })
    expect(claims).toMatchObject({ sub: 'user-1', name: 'Robin' })
    expect(requests).toBe(1)
    // The cookie has them too.
    expect((await userOf(tab)).claims).toEqual(claims)
    const without = await refreshed({ session })
    expect([without.claims['name'], without.requests]).toEqual(['Kim', 0])
  })

  it('reaches the hook', async () => {
    const asked: unknown[] = []
    const onSignIn: OnSignIn = ({ name }, { reason }) => {
      asked.push([reason, name])
      return { name: `${String(name)}!` }
    }
    const { claims } = await refreshed({ session, ...AFTER_REFRESH, onSignIn })
    expect(asked).toEqual([
      ['sign_in', 'Kim'],
      ['refresh', 'Robin'],
    ])
    expect(claims).toMatchObject({ sub: 'user-1', name: 'Robin!' })
  })

  it.each<[string, (server: Server) => void, object]>([
    ['fails', (server) => server.always('userinfo', { type: 'status', status: 500 }), { status: 500 }],
    [
      'is about another user',
      (server) => server.always('userinfo', { type: 'members', set: { sub: 'user-2', name: 'X' } }),
      { code: 'SUB_MISMATCH' },
    ],
  ])('that %s costs neither the tokens nor the claims', async (_what, prepare, cause) => {
    const { claims, events, clock, tab, server } = await refreshed({ session, ...AFTER_REFRESH }, prepare)
    expect(claims).toMatchObject({ sub: 'user-1', name: 'Kim' })
    expect(ofType(events, 'user_info_failed')).toMatchObject([{ cause }])
    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(2)
  })
})
