/**
 * One process of a fleet of another library. Its clients share the tokens in Redis, as the documentation of the library shows:
 * an `OAuthClientProvider` that loads and saves them.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from 'redis'

const CALL_MS = 15_000
const [library, folder, redisUrl, key, mcpUrl, issuer, clientId, clientSecret] = process.argv.slice(2)
const authorizationServer = { issuer, authorizationServerUrl: issuer, tokenEndpoint: `${issuer}/token` }
const redis = await createClient({ url: redisUrl }).connect()
const { resolve } = createRequire(join(folder, 'index.js'))
const load = (name) => import(pathToFileURL(resolve(name)).href)
const connect = await CONNECTORS()[library]()

process.on('message', ({ calls }) => {
  const work = Array.from({ length: calls }, () => withTimeLimit(callTool()))
  const results = work.map((each) =>
    each.then(
      () => ({ value: true }),
      ({ name, message }) => ({ error: `${name}: ${message}`.slice(0, 60) }),
    ),
  )
  void Promise.all(results).then((all) => process.send(all))
})
process.send('ready')

async function callTool() {
  const client = await connect(createProvider())
  try {
    await client.call()
  } finally {
    await client.close().catch(() => undefined)
  }
}

function createProvider() {
  let verifier = ''
  const tokens = async () => JSON.parse((await redis.get(key)) ?? 'null') ?? undefined
  return {
    redirectUrl: 'http://127.0.0.1/auth/callback',
    clientMetadata: { redirect_uris: ['http://127.0.0.1/auth/callback'], client_name: 'test' },
    clientInformation: () => ({ client_id: clientId, client_secret: clientSecret, issuer }),
    tokens,
    saveTokens: async (saved) => void (await redis.set(key, JSON.stringify(saved))),
    redirectToAuthorization() {},
    // Only `@ai-sdk/mcp` calls these two.
    authorizationServerInformation: () => authorizationServer,
    saveAuthorizationServerInformation() {},
    saveCodeVerifier: (value) => void (verifier = value),
    codeVerifier: () => verifier,
    async invalidateCredentials(scope, context) {
      if (scope !== 'all' && scope !== 'tokens') return
      // A library that names the tokens that are invalid wants others to be kept.
      const stored = await tokens()
      if (context && context.tokens.refresh_token !== stored?.refresh_token) return
      await redis.del(key)
    },
  }
}

/** By library, a function that connects a client. */
function CONNECTORS() {
  const url = new URL(mcpUrl)
  const info = { name: 'test', version: '1.0.0' }
  const tool = { name: 'echo', arguments: {} }

  async function official(client, transport) {
    const { Client } = await load(client)
    const { StreamableHTTPClientTransport } = await load(transport)
    return async (authProvider) => {
      const connected = new Client(info)
      await connected.connect(new StreamableHTTPClientTransport(url, { authProvider }))
      return { call: () => connected.callTool(tool), close: () => connected.close() }
    }
  }

  return {
    '@modelcontextprotocol/sdk': () =>
      official(
        '@modelcontextprotocol/sdk/client/index.js',
        '@modelcontextprotocol/sdk/client/streamableHttp.js',
      ),
    '@modelcontextprotocol/client': () =>
      official('@modelcontextprotocol/client', '@modelcontextprotocol/client'),
    '@ai-sdk/mcp': async () => {
      const { createMCPClient } = await load('@ai-sdk/mcp')
      return async (authProvider) => {
        const client = await createMCPClient({ transport: { type: 'http', url: mcpUrl, authProvider } })
        return {
          call: async () => (await client.tools()).echo.execute({}, { toolCallId: '1', messages: [] }),
          close: () => client.close(),
        }
      }
    },
  }
}

function withTimeLimit(work) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no response')), CALL_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
