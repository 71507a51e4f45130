import assert from 'node:assert/strict'
import type { Scenario, TokenInfo } from '../scenario.ts'
import { until } from '../world/until.ts'

export const signingIn: readonly Scenario[] = [
  {
    title: 'S22, S25: a login runs through the authorization server and back to where it began',
    async run({ browser, server, api }) {
      server.user = { sub: 'ada', claims: { name: 'Ada' } }
      const tab = browser()
      await tab.text('/token', 401)
      await tab.text('/auth/user', 401)

      assert.equal(await tab.signIn('/orders?page=2'), '/orders?page=2')

      const headers = { 'x-evertoken': '1' }
      const user = await tab.json<{ claims: Record<string, unknown> }>('/auth/user', { headers })
      assert.deepEqual([user.claims['sub'], user.claims['name']], ['ada', 'Ada'])
      const token = await tab.json<TokenInfo>('/token')
      assert.equal(token.type, 'Bearer')
      assert.equal(await tab.text('/call?to=orders'), 'an answer')
      assert.match(api.calls.at(-1)?.authorization ?? '', /^Bearer canary-access-/)
      assert.equal(server.counts.refresh, 0)
    },
  },
  {
    title: 'S22: the cookies are out of reach of scripts and of other sites',
    async run({ browser }) {
      const tab = browser()
      const login = await tab.send('/auth/login')
      const authorized = await fetch(login.headers.get('location') ?? '', { redirect: 'manual' })
      const { pathname, search } = new URL(authorized.headers.get('location') ?? '')
      const done = await tab.send(pathname + search)
      for (const line of [...login.headers.getSetCookie(), ...done.headers.getSetCookie()]) {
        assert.match(line, /; HttpOnly/)
        assert.match(line, /; SameSite=Lax/)
        assert.match(line, /; Path=\//)
      }
      assert.equal(done.headers.get('cache-control'), 'no-store')
    },
  },
  {
    title: 'S26: signing in again makes a new session and ends the previous one',
    async run({ signedIn }) {
      const tab = await signedIn({ sub: 'twice', expiresIn: 300 })
      const before = tab.cookies.header()
      await tab.signIn()
      assert.notEqual(tab.cookies.header(), before)
      await until('the previous session has ended', async () => {
        const response = await tab.send('/token', { cookie: before })
        await response.text()
        return response.status === 401
      })
    },
  },
  {
    title: 'S27: signing out ends the session here and the grant at the authorization server',
    async run({ signedIn, server }) {
      const tab = await signedIn({ sub: 'leaver', expiresIn: 300 })
      const before = tab.cookies.header()

      const response = await tab.signOut()

      assert.equal(response.status, 303)
      assert.equal(tab.cookies.size, 0)
      await tab.text('/token', 401, { cookie: before })
      await until('the grant is revoked', () => !server.grants.alive('leaver'))
      assert.equal(server.grants.endReason('leaver'), 'revocation')
    },
  },
  {
    title: 'all other sessions of the user end from code, and their grants at the authorization server',
    async run({ signedIn, server, session }) {
      if (session === 'cookie') return
      const tabs = [await signedIn({ sub: 'roamer', expiresIn: 300 }), await signedIn({ sub: 'roamer' })]
      const current = await signedIn({ sub: 'roamer', expiresIn: 300 })
      const result = await current.json('/sign-out-everywhere-else', { method: 'POST' })
      assert.deepEqual(result, { before: 3, ended: 2, after: 1 })
      for (const tab of tabs) await tab.text('/token', 401)
      await current.json('/token')
      await until(
        'the grants are revoked',
        () => server.log.filter(({ kind }) => kind === 'revoke').length >= 2,
      )
    },
  },
  {
    title: 'S5: revokeRefreshToken ends the grant; the access token serves its time',
    async run({ signedIn, server }) {
      const tab = await signedIn({ sub: 'revoker', expiresIn: 300 })
      assert.deepEqual(await tab.json('/revoke', { method: 'POST' }), { outcome: 'revoked' })
      assert.equal(server.grants.alive('revoker'), false)
      await tab.json('/token')
      assert.deepEqual(await tab.json('/revoke', { method: 'POST' }), { outcome: 'nothing_to_revoke' })
    },
  },
]
