import { createMemoryStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

describe.each(kinds)('S27: the note about a sign-out, %s session', (session) => {
  it('outlives any number of sign-ins and sign-outs of another account', async () => {
    const store = createMemoryStore({ maxEntries: 20 })
    const { auth, server, browser } = createApplication({ session, store, revokeOnLogout: false })
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

    expect(await (await tab.get('/', cookie)).text()).toBe('nobody')
    expect(await (await other.get('/', otherCookie)).text()).toBe('user-2')
  })
})
