import assert from 'node:assert/strict'
import type { Scenario } from '../scenario.ts'
import { COMPRESSED_TEXT } from '../world/resource-server.ts'

/** The query of `/call`. */
function call(to: string, more: Readonly<Record<string, string>> = {}): string {
  return `/call?${new URLSearchParams({ to, ...more })}`
}

export const calling: readonly Scenario[] = [
  {
    title: '401 with invalid_token: one refresh, one retry',
    async run({ signedIn, server, api, advance }) {
      const tab = await signedIn({ sub: 'rejected', expiresIn: 300 })
      await tab.text(call('orders'))
      api.rejected.add(api.calls[0]?.authorization.slice('Bearer '.length) ?? '')
      await advance(20)

      const body = JSON.stringify({ order: 1 })
      assert.equal(await tab.text(call('orders', { method: 'POST', body })), 'an answer')

      const [first, second, ...more] = api.calls.slice(1)
      assert.deepEqual([first?.body, second?.body, more.length], [body, body, 0])
      assert.notEqual(first?.authorization, second?.authorization)
      assert.equal(server.counts.refresh, 1)
    },
  },
  {
    title: '401 without end: still one refresh and one retry',
    async run({ signedIn, server, api, advance }) {
      const tab = await signedIn({ sub: 'rejected-always', expiresIn: 300 })
      await advance(20)
      api.rejected.has = () => true
      try {
        await tab.text(call('orders'), 401)
      } finally {
        Reflect.deleteProperty(api.rejected, 'has')
      }
      assert.equal(api.calls.length, 2)
      assert.equal(server.counts.refresh, 1)
    },
  },
  {
    title: 'S19: insufficient_scope is the caller’s: no refresh, no retry',
    async run({ signedIn, server, api }) {
      const tab = await signedIn({ sub: 'scope', expiresIn: 300 })
      const response = await tab.send(call('forbidden'))
      assert.equal(response.status, 403)
      assert.match(response.headers.get('www-authenticate') ?? '', /insufficient_scope/)
      assert.equal(await response.text(), 'not enough')
      assert.equal(server.counts.refresh + api.calls.length, 1)
    },
  },
  {
    title: 'a call without a user returns 401 and sends nothing',
    async run({ browser, api }) {
      const response = await browser().send(call('orders'))
      assert.equal(response.status, 401)
      assert.equal(response.headers.get('content-type'), 'application/problem+json')
      assert.match(await response.text(), /no_session/)
      assert.equal(api.calls.length, 0)
    },
  },
  {
    title:
      'a compressed answer that is passed on can be read, however it is passed on, with cookies or without',
    async run({ signedIn }) {
      for (const to of ['compressed', 'compressed?length']) {
        for (const how of [{}, { 'as-it-is': '' }]) {
          const tab = await signedIn({ sub: 'compressed' })
          // The first call has to refresh, so that its answer brings the cookie of a cookie session.
          for (let i = 0; i < 2; i++) assert.equal(await tab.text(call(to, how)), COMPRESSED_TEXT)
        }
      }
    },
  },
  {
    title: 'I3: the token follows a redirect inside the API, and no other',
    async run({ signedIn, api, sink }) {
      const tab = await signedIn({ sub: 'redirected', expiresIn: 300 })
      const redirect = (to: string, status: number) =>
        `redirect?${new URLSearchParams({ to, status: `${status}` })}`

      assert.equal(await tab.text(call(redirect('/orders', 307))), 'an answer')
      assert.equal(api.calls[0]?.authorization, api.calls[1]?.authorization)

      for (const status of [301, 302, 303, 307, 308]) {
        assert.equal(await tab.text(call(redirect(`${sink.url}/get`, status))), 'a stranger')
      }
      assert.equal(sink.received.length, 5)
      for (const received of sink.received) assert.doesNotMatch(received, /authorization|cookie|canary/i)

      for (const status of [307, 308]) {
        const to = call(redirect(`${sink.url}/post`, status), { method: 'POST', body: 'an order' })
        assert.match(await tab.text(to, 500), /redirect_refused/)
      }
      assert.equal(sink.received.length, 5)
    },
  },
  {
    title: 'I3: a URL outside the configuration is refused, not called',
    async run({ signedIn, sink }) {
      const tab = await signedIn({ sub: 'elsewhere', expiresIn: 300 })
      for (const to of [sink.url, sink.url.replace('http:', ''), `${sink.url}/%2e%2e/`]) {
        assert.match(await tab.text(call(to), 500), /origin_not_allowed/)
      }
      assert.deepEqual(sink.received, [])
    },
  },
  {
    title: 'S28: a token endpoint that redirects gets no credential delivered elsewhere',
    async run({ signedIn, server, sink }) {
      const tab = await signedIn({ sub: 'token-redirect' })
      server.script('refresh', { type: 'redirect', to: `${sink.url}/token` })
      assert.match(await tab.text('/token', 500), /refresh_outcome_unknown/)
      assert.deepEqual(sink.received, [])
    },
  },
]
