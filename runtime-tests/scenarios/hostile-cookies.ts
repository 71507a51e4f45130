import assert from 'node:assert/strict'
import { createEvertoken, soloFlights } from '@evertoken/core/adapter'
import { createCookieMap } from '@evertoken/testkit'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world/world.ts'

export const hostileCookies: readonly Scenario[] = [
  {
    title: 'S32: a cookie that was tampered with is rejected',
    async run({ signedIn, events }) {
      const tab = await signedIn({ sub: 'tampered', expiresIn: 300 })
      const [name = '', value = ''] = [...tab.cookies][0] ?? []
      await events()
      for (const other of [value.slice(0, -2), `${value}x`, '', 'e1*Fe26.2**', '%00', 'x'.repeat(4000)]) {
        await tab.text('/token', 401, { cookie: `${name}=${other}` })
      }
      const middle = Math.floor(value.length / 2)
      const flipped = value[middle] === 'A' ? 'B' : 'A'
      await tab.text('/token', 401, {
        cookie: `${name}=${value.slice(0, middle)}${flipped}${value.slice(middle + 1)}`,
      })
      const kinds = new Set((await events()).map(({ type }) => type))
      assert.deepEqual(kinds, new Set(['session_rejected']))
      await tab.json('/token')
    },
  },
  {
    title: 'S32: a cookie of another application is rejected',
    async run(world) {
      const tab = world.browser()
      await tab.text('/token', 401, { cookie: await foreignCookie(world) })
      assert.equal(world.server.counts.refresh, 0)
    },
  },
  {
    title: 'S23: chunks of two sessions, or too few of one, are rejected',
    async run({ signedIn, session }) {
      const claims = { biography: 'x'.repeat(2600) }
      const ada = await signedIn({ sub: 'chunks-of-ada', expiresIn: 300, claims })
      const eve = await signedIn({ sub: 'chunks-of-eve', expiresIn: 300, claims })
      await ada.json('/token')
      assert.equal(ada.cookies.size > 1, session === 'cookie')
      const names = [...ada.cookies.keys()].slice(1)
      for (const name of names) {
        const mixed = createCookieMap({ cookies: ada.cookies })
        mixed.set(name, eve.cookies.get(name) ?? '')
        await ada.text('/token', 401, { cookie: mixed.header() })
        mixed.delete(name)
        await ada.text('/token', 401, { cookie: mixed.header() })
      }
      await ada.json('/token')
      await eve.json('/token')
    },
  },
  {
    title: 'S21: another site can neither sign a user out nor finish a login it began',
    async run({ signedIn, browser, host }) {
      const tab = await signedIn({ sub: 'forged', expiresIn: 300 })
      const evil = { origin: 'https://evil.example' }
      await tab.text('/auth/logout', 403, { method: 'POST', headers: evil })
      await tab.text('/auth/logout', 403)
      await tab.json('/token')

      const login = await browser().send('/auth/login')
      const authorized = await fetch(login.headers.get('location') ?? '', { redirect: 'manual' })
      const callback = authorized.headers.get('location')?.slice(host.url.length) ?? ''
      await browser().text(callback, 400)
    },
  },
]

/** The session cookie of an application with another secret. */
async function foreignCookie({ server, session, host }: World): Promise<string> {
  const [client] = server.clients
  const other = createEvertoken(
    {
      issuer: server.issuer,
      clientId: client?.id ?? '',
      clientSecret: client?.secret,
      encryptionSecret: 'canary-of-another-secret-0123456789',
      session,
    },
    {
      context: { run: (_value, work) => work(), get: () => undefined },
      flights: soloFlights,
      keepAlive() {},
    },
  )
  const foreign = other.session(new Request(host.url))
  await foreign.startSession(await server.issue({ sub: 'foreigner' }), { claims: { sub: 'foreigner' } })
  const cookies = createCookieMap({ url: host.url })
  cookies.keep(await foreign.commit(new Response()))
  return cookies.header()
}
