import { expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

it.each(kinds)('changes of the application to its claims do not change the session, %s', async (session) => {
  const { auth, server, browser } = createApplication({ session })
  const tab = browser(async () => {
    const claims = (await auth.getUser()) as { sub: string; roles: string[] }
    const seen = JSON.stringify(claims)
    claims.sub = 'somebody-else'
    claims.roles.push('admin')
    return new Response(seen)
  })
  const starting = browser(async () => {
    const claims = { sub: 'user-1', roles: ['reader'], since: new Date(0) }
    const { id_token: _, ...tokens } = await server.issue()
    await auth.startSession(tokens, { claims })
    claims.roles.push('admin')
    return new Response()
  })
  await starting.get('/')
  const cookie = starting.cookieHeader()
  const expected = JSON.stringify({ sub: 'user-1', roles: ['reader'], since: '1970-01-01T00:00:00.000Z' })

  for (let i = 0; i < 2; i++) expect(await (await tab.get('/', cookie)).text()).toBe(expected)
})

it.each(kinds)(
  'S10: the ID token of the response determines the user of the session, %s',
  async (session) => {
    const { auth, server, clock, browser } = createApplication({ session })
    const asked = async () => Response.json((await auth.getUser()) ?? null)
    const start = (claims?: { sub?: string; role?: string }) =>
      browser(async () => {
        await auth.startSession(await server.issue({ sub: 'user-7', expiresIn: 300 }), claims && { claims })
        return asked()
      }).get('/')

    expect(await (await start()).json()).toMatchObject({ sub: 'user-7', sid: expect.any(String) })
    expect(await (await start({ role: 'clerk' })).json()).toMatchObject({ sub: 'user-7', role: 'clerk' })
    await expect(start({ sub: 'somebody else' })).rejects.toThrow('`sub`')

    const tab = browser(async () => {
      const { id_token: _, ...tokens } = await server.issue({ sub: 'user-7', expiresIn: 300 })
      await auth.startSession(tokens)
      return new Response()
    })
    await tab.get('/')
    await clock.advance(301_000)
    const answer = await tab.get('/', undefined, {}, async () => {
      expect(await auth.getUserAccessToken()).toBeDefined()
      return asked()
    })
    // A later ID token does not prove who was signed in.
    expect(await answer.json()).toEqual({})
  },
)
