import type { OnSignIn } from '@evertoken/core'
import { type Fault, pauseBeforeProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, type Overrides } from './application.ts'
import { idle, ofType, signIn, userOf } from './steps.ts'

const AFTER_REFRESH: Overrides = { server: { userInfo: { afterRefresh: true } } }
/** The name is only in UserInfo. */
const NO_NAME: Fault = { type: 'idToken', claims: { name: undefined } }

/** Signs in, changes the name of the user, and refreshes. */
async function refreshed(
  overrides: Overrides,
  prepare: (server: Server) => void = () => {},
  idToken: Fault = NO_NAME,
) {
  const application = createApplication(overrides)
  const { server, clock, browser } = application
  for (const kind of ['token', 'refresh'] as const) server.always(kind, idToken)
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

  it('removes a claim that neither UserInfo nor the ID token names any longer', async () => {
    const removed: Fault = { type: 'members', set: { name: undefined } }
    const { claims, tab } = await refreshed({ session, ...AFTER_REFRESH }, (server) =>
      server.always('userinfo', removed),
    )
    expect(claims).toMatchObject({ sub: 'user-1', iss: expect.any(String) as string })
    expect(claims).not.toHaveProperty('name')
    expect((await userOf(tab)).claims).toEqual(claims)
    const decided = await refreshed(
      {
        session,
        ...AFTER_REFRESH,
        onSignIn: (_, { reason }) => (reason === 'sign_in' ? { name: 'Ada' } : undefined),
      },
      (server) => server.always('userinfo', removed),
    )
    expect(decided.claims).toMatchObject({ sub: 'user-1', name: 'Ada' })
  })

  it('that fails does not ask the hook, so that an outage signs nobody out', async () => {
    const { claims, events, server } = await refreshed(
      { session, ...AFTER_REFRESH, onSignIn: ({ name }) => (name === undefined ? false : undefined) },
      (model) => model.always('userinfo', { type: 'status', status: 503 }),
    )
    expect(claims).toMatchObject({ sub: 'user-1', name: 'Kim' })
    expect(ofType(events, 'session_ended')).toEqual([])
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it('for another API is neither fetched nor missed by the hook', async () => {
    const { auth, clock, events, server, tab, claims } = await refreshed({
      session,
      ...AFTER_REFRESH,
      onSignIn: ({ name }) => (name === undefined ? false : undefined),
    })
    const before = server.counts.userinfo
    await clock.advance(1000)
    await tab.get('/', undefined, {}, async () => {
      await auth.getUserAccessToken({ resource: 'https://api.example.com/' })
      return new Response()
    })
    await idle(() => false, 50)
    expect(server.counts).toMatchObject({ refresh: 2, userinfo: before })
    expect(ofType(events, 'session_ended')).toEqual([])
    expect((await userOf(tab)).claims).toEqual(claims)
  })

  it('counts even if a token for another API was refreshed meanwhile', async () => {
    const pause = pauseBeforeProcessing({ type: 'members', set: { name: 'Robin' } } as const)
    const { auth, server, tab } = await refreshed({ session, ...AFTER_REFRESH }, (model) =>
      model.script('userinfo', pause),
    )
    expect((await userOf(tab)).claims).toMatchObject({ name: 'Kim' })
    await tab.get('/', undefined, {}, async () => {
      await auth.getUserAccessToken({ resource: 'https://api.example.com/' })
      return new Response()
    })
    expect(server.counts.refresh).toBe(2)
    pause.release()
    await idle(() => false, 100)
    expect((await userOf(tab)).claims).toMatchObject({ name: 'Robin' })
  })
})

it('UserInfo after a refresh that fits no cookie is reported as such', async () => {
  const { claims, events } = await refreshed(AFTER_REFRESH, (server) =>
    server.always('userinfo', { type: 'members', set: { name: 'x'.repeat(6000) } }),
  )
  expect(claims).toMatchObject({ name: 'Kim' })
  expect(ofType(events, 'user_info_failed')).toMatchObject([{ cause: { code: 'CLAIMS_TOO_LARGE' } }])
  expect(ofType(events, 'claims_hook_failed')).toEqual([])
})

it('UserInfo after a refresh keeps the claims of an ID token that the cookie had no space for', async () => {
  const groups = Array.from({ length: 160 }, (_, i) => `group ${i}`)
  const { claims } = await refreshed(
    AFTER_REFRESH,
    (server) => server.always('refresh', { type: 'members', set: { id_token: undefined } }),
    { type: 'idToken', claims: { name: undefined, groups } },
  )
  expect(claims).toMatchObject({ name: 'Robin', groups })
})
