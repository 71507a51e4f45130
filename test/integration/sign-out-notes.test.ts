import { createMemoryStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'

describe.each(kinds)('S27: the note about a sign-out, %s session', (session) => {
  it('outlives any number of sign-ins and sign-outs of another account', async () => {
    const store = createMemoryStore({ maxEntries: 20 })
    const { auth, server, browser, options } = createApplication({ session, store, revokeOnLogout: false })
    const handler = async () => new Response((await auth.getUser())?.sub ?? 'nobody')
    const start = async (sub: string) => {
      const tab = browser(handler)
      await tab.get('/', undefined, {}, async () => {
        await auth.startSession(await server.issue({ sub, expiresIn: 3600 }))
        return new Response()
      })
      return tab
    }
    const tab = await start('user-1')
    const other = await start('user-2')
    const [cookie, otherCookie] = [tab.cookieHeader(), other.cookieHeader()]
    await tab.post('/auth/logout')
    for (let i = 0; i < 50; i++) await (await start('attacker')).post('/auth/logout')

    // Another instance on the same store has no memory of the sign-out.
    const fresh = evertoken(options)
    const userOf = async (shown: string) => {
      const request = new Request(origin, { headers: { cookie: shown } })
      return (await fresh.session(request).getUser())?.sub
    }
    expect(await userOf(cookie)).toBeUndefined()
    expect(await userOf(otherCookie)).toBe('user-2')
  })
})
