import type { AccessToken, TokenOptions } from '@evertoken/core'
import { createClientTokens } from '@evertoken/node/client'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

const API = 'https://api.example.com/'
const SCOPE = 'openid read write'

/** A signed-in user whose access token has expired. Each refresh returns this scope. */
async function signedIn(session: (typeof kinds)[number], scope: string | undefined) {
  const application = createApplication({ session })
  const { auth, server, browser, clock } = application
  const tab = browser()
  async function obtain(request?: TokenOptions): Promise<AccessToken | undefined | { code?: string }> {
    let result: AccessToken | undefined | { code?: string }
    await tab.get('/', undefined, undefined, async () => {
      result = await auth.getUserAccessToken(request).catch((error: unknown) => error as object)
      return new Response()
    })
    return result
  }
  await tab.get('/', undefined, undefined, async () => {
    const tokens = await server.issue({ scope: SCOPE, expiresIn: 300 })
    await auth.startSession(tokens, { claims: { sub: 'user-1' } })
    return new Response()
  })
  await clock.advance(301_000)
  server.always('refresh', { type: 'members', set: { scope } })
  return { ...application, tab, obtain, refreshes: () => server.counts.refresh }
}

describe.each(kinds)('S2: a refresh that returns less scope, %s session', (session) => {
  it('is a typed error, and keeps the session and both tokens', async () => {
    const { obtain, server, clock, refreshes, events } = await signedIn(session, 'read')
    const wanted = { scope: 'read write', resource: API }
    expect(await obtain(wanted)).toMatchObject({ name: 'ConfigurationError', code: 'scope_not_granted' })
    expect(refreshes()).toBe(1)
    expect(events.filter(({ type }) => type === 'refresh_failed')).toMatchObject([
      { code: 'scope_not_granted' },
    ])
    // The token serves calls that need only what it has, also if they name it differently.
    const narrow = await obtain({ scope: 'read', resource: API })
    expect([(narrow as AccessToken).scope, refreshes()]).toEqual(['read', 1])
    // The refused request is not repeated during a pause.
    expect(await obtain(wanted)).toMatchObject({ code: 'scope_not_granted' })
    expect(refreshes()).toBe(1)
    // Other requests are not affected, and use the rotated refresh token.
    server.always('refresh', undefined)
    expect(await obtain()).toMatchObject({ type: 'Bearer' })
    await clock.advance(60_000)
    expect(await obtain(wanted)).toMatchObject({ scope: 'read write' })
    expect([refreshes(), server.maxUses(), server.grants.alive('user-1')]).toEqual([3, 1, true])
  })

  it('shares the error among all calls of the flight', async () => {
    const { auth, tab, refreshes } = await signedIn(session, 'read')
    let codes: unknown[] = []
    await tab.get('/', undefined, undefined, async () => {
      const calls = Array.from({ length: 10 }, () =>
        auth
          .getUserAccessToken({ scope: 'write' })
          .catch((error: unknown) => (error as { code: string }).code),
      )
      codes = await Promise.all(calls)
      return new Response()
    })
    expect(codes).toEqual(codes.map(() => 'scope_not_granted'))
    expect(refreshes()).toBe(1)
  })

  it('is fine if the caller has named no scope', async () => {
    const { obtain } = await signedIn(session, 'read')
    expect(await obtain()).toMatchObject({ scope: 'read' })
    expect(await obtain({ resource: API })).toMatchObject({ scope: 'read' })
  })

  it.each([undefined, 'write read', 'read,write', 'openid read write admin', 'https://api.example.com/read'])(
    'is not the case with the scope %j',
    async (scope) => {
      const { obtain } = await signedIn(session, scope)
      expect(await obtain({ scope: 'read write' })).toMatchObject({ type: 'Bearer' })
    },
  )

  it('does not take an older token from calls that still have one', async () => {
    const { obtain, server, clock, refreshes } = await signedIn(session, undefined)
    const wanted = { scope: 'write', resource: API }
    const first = (await obtain(wanted)) as AccessToken
    server.always('refresh', { type: 'members', set: { scope: 'read' } })
    // The background refresh of the soft window fails.
    await clock.advance(280_000)
    expect(((await obtain(wanted)) as AccessToken).value).toBe(first.value)
    await clock.advance(0)
    expect(((await obtain(wanted)) as AccessToken).value).toBe(first.value)
    expect(refreshes()).toBe(2)
    await clock.advance(30_000)
    expect(await obtain(wanted)).toMatchObject({ code: 'scope_not_granted' })
  })
})

it('S2: a token of the application with less scope is a typed error, and is asked for again after a pause', async () => {
  const { server, clock } = createApplication()
  const [{ id: clientId, secret: clientSecret = '' } = { id: '' }] = server.clients
  const service = createClientTokens({
    issuer: server.issuer,
    clientId,
    clientSecret,
    clock,
    fetch: server.fetch,
  })
  server.always('token', { type: 'members', set: { scope: 'read' } })
  const ask = () => service.getClientAccessToken({ scope: 'read write' }).catch((error: unknown) => error)
  for (let i = 0; i < 2; i++)
    expect(await ask()).toMatchObject({
      code: 'scope_not_granted',
      message: expect.stringContaining('allow it there') as string,
    })
  expect(server.log.filter(({ kind }) => kind === 'token')).toHaveLength(1)
  server.always('token', undefined)
  await clock.advance(2000)
  expect(await ask()).toMatchObject({ scope: 'read write' })
})
