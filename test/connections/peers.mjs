import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { ensurePackage } from '../../scripts/tools.mjs'
import { startOidcProvider } from '../integration/oidc-provider.mjs'
import { startFleet } from './fleet.mjs'
import { startMcpServer } from './mcp-server.mjs'

const PEERS = [
  ['@modelcontextprotocol/sdk', '1.32.2'],
  ['@modelcontextprotocol/client', '2.4.0'],
  ['@ai-sdk/mcp', '2.0.99'],
]
const program = fileURLToPath(new URL('peer-process.mjs', import.meta.url))

/** Runs the same fleet with each client of the Model Context Protocol, on Redis. Resolves to the rows of the table. */
export async function comparePeers({ processes, calls, redisUrl, execPath }) {
  const rows = []
  for (const peer of PEERS) rows.push(await runPeer(peer, { processes, calls, redisUrl, execPath }))
  return rows
}

async function runPeer([library, version], { processes, calls, redisUrl, execPath }) {
  const folder = await ensurePackage(library, version)
  const server = await startOidcProvider()
  const mcp = await startMcpServer(server)
  const redis = await createClient({ url: redisUrl }).connect()
  const key = `tokens of ${library}`
  const { id, secret } = server.client
  const args = [library, folder, redisUrl, key, mcp.url, server.issuer, id, secret]
  const fleet = await startFleet(processes, program, args, {
    execPath,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  try {
    const { refresh_token } = await server.issue([mcp.url])
    const issued = await (await refresh(server, refresh_token)).json()
    const { issuer } = server
    // Two of the clients note with the tokens which server has issued them.
    const tokens = { ...issued, issuer, authorization_server: issuer, token_endpoint: `${issuer}/token` }
    await redis.set(key, JSON.stringify(tokens))
    const [first] = await fleet.send(0, { calls: 1 })
    if (first.error) throw new Error(`${library} cannot call with a current token: ${first.error}`)
    // These clients ask for a new token when the API rejects the one that they have.
    await redis.set(key, JSON.stringify({ ...tokens, access_token: 'expired' }))
    const before = server.requests.length
    const results = await fleet.sendAll({ calls })
    const requests = server.requests.length - before
    const errors = [...new Set(results.map(({ error }) => error).filter(Boolean))]
    return {
      name: `${library} ${version}`,
      store: 'redis',
      requests,
      ok: results.filter(({ value }) => value).length,
      isAlive: await isGrantAlive(server, JSON.parse((await redis.get(key)) ?? 'null')),
      errors,
    }
  } finally {
    fleet.stop()
    redis.destroy()
    mcp.stop()
    server.stop()
  }
}

/** Whether the stored grant still works. */
async function isGrantAlive(server, tokens) {
  return tokens?.refresh_token !== undefined && (await refresh(server, tokens.refresh_token)).ok
}

function refresh({ issuer, client }, refreshToken) {
  return fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  })
}
