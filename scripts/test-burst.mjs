// Parallel calls on an expired token, over and over: two instances of an application share a store, and refresh at a
// model server over HTTP. Each expiry must cost one refresh, and no grant may be lost. Needs the build.
// Usage: node scripts/test-burst.mjs [expiries]
import assert from 'node:assert/strict'
import { createWorld, tokenHandler } from './measure/world.mjs'

const EXPIRIES = Number(process.argv[2] ?? 20)
const CALLS = 200

for (const session of ['cookie', 'server']) {
  const startedAt = performance.now()
  await burst(session)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`burst: ${session} session, ${EXPIRIES} expiries, ${EXPIRIES * CALLS} calls in ${seconds} s`)
}

async function burst(session) {
  const world = createWorld({ session, fetch })
  const { authorizationServer: server } = world
  const listening = await server.listen()
  try {
    const instances = [world.createInstance(), world.createInstance()]
    const handlers = instances.map(tokenHandler)
    const browser = await world.signIn(instances[0])
    for (let expiry = 1; expiry <= EXPIRIES; expiry++) {
      world.expire()
      const calls = Array.from({ length: CALLS }, (_, i) => browser.fetch(handlers[i % 2], '/'))
      const tokens = await Promise.all(calls.map(async (call) => (await call).text()))
      assert.equal(new Set(tokens).size, 1, 'Every call gets the same token')
      assert.equal(server.introspect(tokens[0]).active, true)
      assert.equal(server.counts.refresh, expiry, 'Each expiry costs one refresh')
    }
    assert.equal(server.maxUses(), 1, 'No refresh token is used twice')
    assert.equal(server.grants.alive('user-1'), true)
  } finally {
    await listening.close()
  }
}
