/**
 * Six processes that share one stored, rotating grant, with a real authorization server that ends a grant when a refresh token
 * is used twice. An expiry must cause one token request, in each kind of store.
 * Usage: node test/connections/main.mjs (after `npm run build`)
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../../scripts/runtimes.mjs'
import { ensureNode } from '../../scripts/tools.mjs'
import { startPostgres, startRedis, temporaryFolder } from '../../scripts/services.mjs'
import { startOidcProvider } from '../integration/oidc-provider.mjs'

const PROCESSES = 6
const CALLS = 20
const program = fileURLToPath(new URL('process.mjs', import.meta.url))

// Only a newer Node has SQLite.
const execPath = await ensureNode(RUNTIMES.node[2])

const folder = await temporaryFolder('connections')
const services = [await startRedis(), await startPostgres()]
const [redis, postgres] = services
const places = [
  ['redis', redis.url],
  ['postgres', postgres.url],
  ['sqlite', join(folder, 'connections.db')],
]
let isOk = true
try {
  for (const [kind, place] of places) isOk = (await run(kind, place)) && isOk
} finally {
  for (const service of services) await service.stop()
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = isOk ? 0 : 1

/** Runs the fleet on one store. Resolves to whether there was one token request, and the grant is alive. */
async function run(kind, place) {
  const server = await startOidcProvider()
  const children = []
  const send = async (child, message) => {
    const answer = once(child, 'message')
    child.send(message)
    return (await answer)[0]
  }
  try {
    const args = [kind, place, server.issuer, server.client.id, server.client.secret]
    for (let i = 0; i < PROCESSES; i++) {
      const child = fork(program, args, { execPath })
      children.push(child)
      await once(child, 'message')
    }
    const { access_token, refresh_token } = await server.issue([])
    await send(children[0], { save: { access_token, refresh_token, expires_at: 1 } })
    await new Promise((resolve) => setTimeout(resolve, 2500)) // the saved token lives for a second
    const before = server.requests.length
    const results = (await Promise.all(children.map((child) => send(child, { calls: CALLS })))).flat()
    const requests = server.requests.length - before
    const ok = results.filter(({ value }) => value !== undefined).length
    const values = new Set(results.map(({ value }) => value)).size
    const [{ value: later }] = await send(children[1], { calls: 1, forceRefresh: true })
    const isAlive = later !== undefined
    const errors = [...new Set(results.map(({ error }) => error).filter(Boolean))].join(', ')
    console.log(
      `${kind.padEnd(8)} ${PROCESSES} processes x ${CALLS} calls: ${requests} token request(s), ${ok} ok, ${values} token(s), ` +
        `grant ${isAlive ? 'alive' : 'dead'}${errors && `, errors ${errors}`}`,
    )
    return requests === 1 && ok === PROCESSES * CALLS && values === 1 && isAlive
  } finally {
    for (const child of children) child.kill()
    server.stop()
  }
}
