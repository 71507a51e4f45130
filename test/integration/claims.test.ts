import { expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

it.each(kinds)(
  'what an application does to the claims it was given is not done to the session, %s',
  async (session) => {
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
      await auth.startSession(await server.issue(), { claims })
      claims.roles.push('admin')
      return new Response()
    })
    await starting.get('/')
    const cookie = starting.cookieHeader()
    const expected = JSON.stringify({ sub: 'user-1', roles: ['reader'], since: '1970-01-01T00:00:00.000Z' })

    for (let i = 0; i < 2; i++) expect(await (await tab.get('/', cookie)).text()).toBe(expected)
  },
)
