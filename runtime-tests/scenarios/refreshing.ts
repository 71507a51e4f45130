import assert from 'node:assert/strict'
import { pauseAfterProcessing } from '@evertoken/testkit'
import { type Scenario, times, type TokenInfo } from '../scenario.ts'
import { until } from '../world/until.ts'

const CALLS = 200

export const refreshing: readonly Scenario[] = [
  {
    title: `I8: ${CALLS} parallel requests over an expired token cost one token request`,
    async run({ signedIn, server, api, advance }) {
      const tab = await signedIn({ sub: 'burst' })
      const cookie = tab.cookies.header()

      await times(CALLS, () => tab.text('/call?to=orders', 200, { cookie }))

      assert.equal(api.calls.length, CALLS)
      assert.equal(new Set(api.calls.map(({ authorization }) => authorization)).size, 1)
      assert.equal(server.counts.refresh, 1)

      await advance(301)
      await tab.json('/token')
      assert.equal(server.counts.refresh, 2)
      assert.equal(server.maxUses(), 1)
      assert.ok(server.grants.alive('burst'))
    },
  },
  {
    title: `I8: ${CALLS} calls inside one request cost one token request`,
    async run({ signedIn, server }) {
      const tab = await signedIn({ sub: 'inner-burst' })
      assert.deepEqual(await tab.json(`/burst?count=${CALLS}`), { served: CALLS, distinct: 1 })
      assert.equal(server.counts.refresh, 1)
    },
  },
  {
    title: 'I1: late requests with the cookie from before the refresh cost nothing',
    async run({ signedIn, server }) {
      const tab = await signedIn({ sub: 'late' })
      const late = tab.cookies.header()
      const { digest } = await tab.json<TokenInfo>('/token')
      await tab.json('/token')

      const tokens = await times(20, () => tab.json<TokenInfo>('/token', { cookie: late }))

      assert.deepEqual(new Set(tokens.map((token) => token.digest)), new Set([digest]))
      assert.equal(server.counts.refresh, 1)
      assert.ok(server.grants.alive('late'))
    },
  },
  {
    title: 'serves the old token immediately inside the soft window, and refreshes in the background',
    async run({ signedIn, server, advance }) {
      const tab = await signedIn({ sub: 'soft', expiresIn: 300 })
      const before = await tab.json<TokenInfo>('/token')
      const hold = pauseAfterProcessing()
      server.script('refresh', hold)
      await advance(270)

      const during = await times(20, () => tab.json<TokenInfo>('/token'))

      assert.deepEqual(new Set(during.map(({ digest }) => digest)), new Set([before.digest]))
      await hold.reached
      hold.release()
      await until('the new token is there', async () => {
        return (await tab.json<TokenInfo>('/token')).digest !== before.digest
      })
      assert.equal(server.counts.refresh, 1)
    },
  },
  {
    title: 'I2: a refresh outlives the clients that waited for it',
    async run({ signedIn, server, browser }) {
      const tab = await signedIn({ sub: 'disconnect' })
      const hold = pauseAfterProcessing()
      server.script('refresh', hold)
      const abort = new AbortController()
      const calls = times(CALLS, () => tab.send('/token', { signal: abort.signal }).catch(() => 'gone'))
      await hold.reached
      abort.abort()
      assert.deepEqual(new Set(await calls), new Set(['gone']))
      await browser().text('/')
      hold.release()

      await times(CALLS, () => tab.json('/token'))

      assert.equal(server.counts.refresh, 1)
      assert.equal(server.maxUses(), 1)
      assert.ok(server.grants.alive('disconnect'))
    },
  },
  {
    title: 'aborts only the caller whose signal is aborted',
    async run({ signedIn, server }) {
      const tab = await signedIn({ sub: 'impatient' })
      const cookie = tab.cookies.header()
      const hold = pauseAfterProcessing()
      server.script('refresh', hold)
      const patient = tab.json<TokenInfo>('/token', { cookie })
      await hold.reached

      assert.deepEqual(await tab.json('/impatient', { cookie }), { outcome: 'TimeoutError' })
      hold.release()

      await patient
      assert.equal(server.counts.refresh, 1)
    },
  },
  {
    title: 'I4: signing out during a refresh ends the session for good and revokes what the refresh brought',
    async run({ signedIn, server }) {
      const tab = await signedIn({ sub: 'sign-out-race' })
      const cookie = tab.cookies.header()
      const hold = pauseAfterProcessing()
      server.script('refresh', hold)
      const call = tab.text('/token', 401, { cookie })
      await hold.reached

      assert.equal((await tab.signOut()).status, 303)
      hold.release()

      await call
      await tab.text('/token', 401, { cookie })
      const revoked = () =>
        server.log.filter(({ kind }) => kind === 'revoke').map((each) => each.parameters.get('token'))
      await until('the old refresh token and the new one are revoked', () => new Set(revoked()).size === 2)
      assert.equal(server.grants.endReason('sign-out-race'), 'revocation')
    },
  },
  {
    title: 'keeps the session through a malformed token response',
    async run({ signedIn, server, advance, session }) {
      const tab = await signedIn({ sub: 'garbage' })
      server.script('refresh', { type: 'body', body: 'cutJson', processed: false })

      assert.match(await tab.text('/token', 500), /refresh_outcome_unknown/)
      assert.match(await tab.text('/call?to=orders', 401), /refresh_outcome_unknown/)
      assert.ok(tab.cookies.size > 0, `the ${session} session has lost its cookie`)
      assert.equal(server.counts.refresh, 1)

      await advance(5)
      await tab.json('/token')
      assert.equal(server.counts.refresh, 2)
    },
  },
  {
    title: 'ends the session when the grant is gone, and reports it',
    async run({ signedIn, server, events }) {
      const tab = await signedIn({ sub: 'gone' })
      server.grants.end('gone')
      await tab.text('/token', 401)
      const ends = (await events()).filter((event) => event.type === 'session_ended')
      assert.deepEqual(
        ends.map((event) => event.reason),
        ['grant_rejected'],
      )
    },
  },
  {
    title: 'works with the session named explicitly',
    async run({ signedIn, server, session }) {
      const tab = await signedIn({ sub: 'explicit' })
      const { digest } = await tab.json<TokenInfo>('/explicit')
      assert.equal((await tab.json<TokenInfo>('/token')).digest, digest)
      assert.equal(server.counts.refresh, 1)
      if (session === 'server') assert.equal((await tab.json<TokenInfo>('/by-id')).digest, digest)
      else assert.match(await tab.text('/by-id', 500), /ConfigurationError/)
    },
  },
]
