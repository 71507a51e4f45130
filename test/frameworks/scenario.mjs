import assert from 'node:assert/strict'
import { sha256 } from './world.mjs'

const PARALLEL_CALLS = 20
/** The code of errors where no cookie can be set. */
const REFUSED = 'session_read_only'

/**
 * The steps of every framework, in this order. Each step returns the mark that is printed.
 *
 * @param context - `world`, `agent` and `url` of the application.
 */
export const STEPS = {
  async 'signed-in'({ agent, url }) {
    assert.equal((await agent.send(`${url}/auth/user`)).status, 401)
    const page = await agent.navigate(`${url}/auth/login?returnTo=/orders`)
    assert.equal(page.url, `${url}/orders`)
    assert.deepEqual(await page.response.json(), { sub: 'user-1' })
    assert.equal((await (await agent.send(`${url}/auth/user`)).json()).claims.sub, 'user-1')
    return 'signed-in'
  },
  async burst({ world, agent, url }) {
    const before = world.server.counts.refresh
    world.expire()
    await Promise.all(Array.from({ length: PARALLEL_CALLS }, () => expectOrders(agent, url)))
    const count = world.server.counts.refresh - before
    assert.equal(count, 1)
    return `burst=${count}`
  },
  async refresh({ world, agent, url }) {
    // The second one uses the refresh token that the first one brought. A strict server ends the grant otherwise.
    for (let i = 0; i < 2; i++) {
      const before = world.server.counts.refresh
      world.expire()
      await expectOrders(agent, url)
      assert.equal(world.server.counts.refresh - before, 1)
    }
    assert.equal(world.server.maxUses(), 1)
    return 'refresh'
  },
  async '401-retry'({ world, agent, url }) {
    const before = world.server.counts.refresh
    world.api.rejectNext()
    await expectOrders(agent, url)
    assert.equal(world.server.counts.refresh - before, 1)
    return '401-retry'
  },
  async stream({ world, agent, url }) {
    const response = await agent.send(`${url}/stream`)
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    assert.equal((await reader.read()).value, 'first ')
    world.openGate()
    assert.equal((await reader.read()).value, 'last')
    assert.equal((await reader.read()).done, true)
    return 'stream'
  },
  async gzip({ agent, url }) {
    const response = await agent.send(`${url}/gzip`, { headers: { 'accept-encoding': 'gzip' } })
    assert.equal((await response.json()).text.length, 11_000)
    return 'gzip'
  },
  async 'signed-out'({ world, agent, url }) {
    const page = await agent.send(`${url}/auth/logout`, { method: 'POST' })
    assert.equal(page.status, 303)
    assert.equal(new URL(page.headers.get('location')).origin, world.server.issuer)
    await agent.navigate(page.headers.get('location'))
    assert.equal((await agent.send(`${url}/auth/user`)).status, 401)
    assert.equal((await agent.send(`${url}/orders`)).headers.getSetCookie().length, 0)
    assert.equal(world.server.grants.currentRefreshToken('user-1'), undefined)
    return 'signed-out'
  },
}

/** Steps of several frameworks. They run while the user is signed in. */
export const EXTRAS = {
  async head({ agent, url }) {
    const response = await agent.send(`${url}/orders`, { method: 'HEAD' })
    assert.deepEqual([response.status, await response.text()], [200, ''])
    return 'head'
  },
  async upload({ agent, url }) {
    const body = 'upload '.repeat(300_000)
    const headers = { 'content-type': 'text/plain' }
    const response = await agent.send(`${url}/upload`, { method: 'POST', body, headers })
    assert.deepEqual(await response.json(), { bytes: body.length, sha256: sha256(body) })
    return 'upload'
  },
  async 'body-parser'({ world, agent, url }) {
    // The refresh happens after the body parser, and its cookie still reaches the browser.
    world.expire()
    const body = JSON.stringify({ text: 'x'.repeat(50_000) })
    const headers = { 'content-type': 'application/json' }
    const response = await agent.send(`${url}/json`, { method: 'POST', body, headers })
    assert.deepEqual(await response.json(), { sub: 'user-1', ...JSON.parse(body) })
    assert.notEqual(response.headers.getSetCookie().length, 0)
    return 'body-parser'
  },
  async multipart({ agent, url }) {
    const body = new FormData()
    body.set('file', new Blob(['x'.repeat(500_000)]), 'file.txt')
    const response = await agent.send(`${url}/form`, { method: 'POST', body })
    assert.deepEqual(await response.json(), { sub: 'user-1', bytes: 500_000 })
    return 'multipart'
  },
  async compression({ world, agent, url }) {
    world.expire()
    const response = await agent.send(`${url}/compressed`, { headers: { 'accept-encoding': 'gzip' } })
    assert.equal(response.headers.get('content-encoding'), 'gzip')
    assert.deepEqual(await response.json(), { sub: 'user-1' })
    assert.notEqual(response.headers.getSetCookie().length, 0)
    return 'compression'
  },
  async 'raw-response'({ agent, url }) {
    const response = await agent.send(`${url}/raw`)
    assert.equal((await response.json()).text.length, 11_000)
    return 'raw-response'
  },
  async errors({ agent, url }) {
    const response = await agent.send(`${url}/error`)
    assert.deepEqual([response.status, await response.json()], [500, { handled: 'of the application' }])
    return 'errors'
  },
  async 'own-cookies'({ world, agent, url }) {
    world.expire()
    const response = await agent.send(`${url}/cookies`)
    assert.deepEqual(await response.json(), { sub: 'user-1' })
    const lines = response.headers.getSetCookie()
    assert.equal(lines.filter((line) => line.startsWith('own=')).length, 1)
    assert.ok(lines.length > 1)
    return 'own-cookies'
  },
  async load({ world, agent, url }) {
    // A page calls the API, and an endpoint of the application that calls the API too.
    const before = world.server.counts.refresh
    world.expire()
    const response = await agent.send(`${url}/page`)
    assert.deepEqual(await stateOf(response), {
      user: 'user-1',
      result: { sub: 'user-1' },
      inner: { sub: 'user-1' },
    })
    assert.equal(world.server.counts.refresh - before, 1)
    assert.notEqual(response.headers.getSetCookie().length, 0)
    await expectOrders(agent, url)
    return 'load'
  },
  async proxy({ world, agent, url }) {
    const silent = await agent.open(`${url}/auth/login`, 'same-origin')
    assert.equal(new URL(silent.headers.get('location')).origin, world.server.issuer)
    return 'proxy'
  },
  async 'route-arguments'({ agent, url }) {
    assert.deepEqual(await (await agent.send(`${url}/detail/7`)).json(), { id: '7', path: '/detail/7' })
    return 'route-arguments'
  },
  async 'server-component'({ world, agent, url }) {
    // The proxy refreshes the token, and the component sees the new session in the same request.
    const before = world.server.counts.refresh
    world.expire()
    const response = await agent.send(`${url}/page`)
    assert.deepEqual(await stateOf(response), { user: 'user-1', result: { sub: 'user-1' }, action: REFUSED })
    assert.equal(world.server.counts.refresh - before, 1)
    assert.notEqual(response.headers.getSetCookie().length, 0)
    return 'server-component'
  },
  async 'read-only'({ world, agent, url }) {
    const before = world.server.counts.refresh
    world.expire()
    const response = await agent.send(`${url}/unproxied`)
    assert.deepEqual(await stateOf(response), { user: 'user-1', result: { code: REFUSED }, action: REFUSED })
    assert.equal(world.server.counts.refresh - before, 0)
    await expectOrders(agent, url)
    return 'read-only'
  },
  async 'server-action'({ world, agent, url }) {
    const page = await (await agent.send(`${url}/unproxied`)).text()
    const body = new FormData()
    for (const [, name] of page.matchAll(/<input type="hidden" name="([^"]+)"/g)) body.set(name, '')
    const before = world.server.counts.refresh
    world.expire()
    const response = await agent.send(`${url}/unproxied`, { method: 'POST', body })
    assert.deepEqual([response.status, response.headers.get('location')], [303, '/page?sub=user-1'])
    assert.equal(world.server.counts.refresh - before, 1)
    assert.notEqual(response.headers.getSetCookie().length, 0)
    await expectOrders(agent, url)
    return 'server-action'
  },
  async 'immutable-headers'({ agent, url }) {
    const { headers } = await agent.send(`${url}/orders`)
    assert.ok(headers.has('x-frame-options') && headers.has('server-timing'))
    return 'immutable-headers'
  },
}

async function expectOrders(agent, url) {
  const response = await agent.send(`${url}/orders`)
  assert.deepEqual([response.status, await response.json()], [200, { sub: 'user-1' }])
}

/** Reads the content of a page that a server has rendered. */
async function stateOf(response) {
  const [, text] = /<pre>(.*?)<\/pre>/.exec(await response.text())
  return JSON.parse(text.replaceAll('&quot;', '"'))
}
