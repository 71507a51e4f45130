/**
 * Six processes that share one stored, rotating grant, with a real authorization server that ends a grant when a refresh token
 * is used twice. An expiry must cause one token request, in each kind of store. For comparison, the same fleet runs with clients
 * of the Model Context Protocol, whose results do not decide.
 * Usage: node test/connections/main.mjs [--no-peers] (after `npm run build`)
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../../scripts/runtimes.mjs'
import { ensureNode } from '../../scripts/tools.mjs'
import { startPostgres, startRedis, temporaryFolder } from '../../scripts/services.mjs'
import { startOidcProvider } from '../integration/oidc-provider.mjs'
import { startFleet } from './fleet.mjs'
import { comparePeers } from './peers.mjs'

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
const own = []
const peers = []
try {
  for (const [kind, place] of places) own.push(await run(kind, place))
  const fleet = { processes: PROCESSES, calls: CALLS, redisUrl: redis.url, execPath }
  if (!process.argv.includes('--no-peers')) peers.push(...(await comparePeers(fleet)))
} finally {
  for (const service of services) await service.stop()
  await rm(folder, { recursive: true, force: true })
}
print([...own, ...peers])
const passed = own.filter(isRight).length
console.log(`connections: passed=${passed} failed=${own.length - passed}`)
process.exitCode = passed === own.length ? 0 : 1

/** Runs the fleet on one store. */
async function run(store, place) {
  const server = await startOidcProvider()
  const { id, secret } = server.client
  const fleet = await startFleet(PROCESSES, program, [store, place, server.issuer, id, secret], {
    execPath,
  })
  try {
    const { access_token, refresh_token } = await server.issue([])
    await fleet.send(0, { save: { access_token, refresh_token, expires_at: 1 } })
    await sleep(2500) // the saved token lives for a second
    const before = server.requests.length
    const results = await fleet.sendAll({ calls: CALLS })
    const requests = server.requests.length - before
    const [{ value: later }] = await fleet.send(1, { calls: 1, forceRefresh: true })
    return {
      name: 'evertoken',
      store,
      requests,
      ok: results.filter(({ value }) => value !== undefined).length,
      tokens: new Set(results.map(({ value }) => value)).size,
      isAlive: later !== undefined,
      errors: [...new Set(results.map(({ error }) => error).filter(Boolean))],
    }
  } finally {
    fleet.stop()
    server.stop()
  }
}

function isRight({ requests, ok, tokens, isAlive }) {
  return requests === 1 && ok === PROCESSES * CALLS && tokens === 1 && isAlive
}

function print(rows) {
  console.log(`${PROCESSES} processes x ${CALLS} calls on one grant whose token has expired`)
  const table = [['library', 'store', 'token requests', 'ok', 'grant alive afterwards']]
  for (const { name, store, requests, ok, isAlive } of rows)
    table.push([name, store, `${requests}`, `${ok}/${PROCESSES * CALLS}`, isAlive ? 'yes' : 'NO'])
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)))
  for (const line of table)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
  for (const { name, store, errors } of rows)
    if (errors.length > 0) console.log(`${name}, ${store}: ${errors.slice(0, 3).join(' | ')}`)
}
