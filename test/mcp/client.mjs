// The client that the conformance suite of the Model Context Protocol tests. The suite appends the URL of its server.
import { SignInRequiredError, createMemoryStore } from '@evertoken/node'
import { createClientTokens } from '@evertoken/node/client'
import { createConnections } from '@evertoken/node/connections'
import { importSigningKey, privateKeyJwt } from '@evertoken/core/credentials'
import { dpop } from '@evertoken/core/dpop'
import { crossAppAccess, jwtBearer } from '@evertoken/core/grants'
import { discoverMcpServer, mcpFetch, mcpServer, mcpServers } from '@evertoken/mcp'
import { createBrowser } from './browser.mjs'
import { createProtocol } from './protocol.mjs'

/** How often the owner signs in for one request. */
const MAX_SIGN_INS = 2
const BASE_URL = 'http://localhost:9'

const scenario = process.env.MCP_CONFORMANCE_SCENARIO
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}')
const url = process.argv.at(-1)

/** The grants of clients that act as themselves, or for a user whom another server vouches for. */
const SERVICES = {
  'auth/client-credentials-basic': ({ server, resource, scope }) => ({
    tokens: createClientTokens({ server, clientId, clientSecret, resource, ...(scope && { scope }) }),
  }),
  'auth/client-credentials-jwt': async ({ server, resource, scope }) => {
    const key = await importSigningKey(context.private_key_pem, context.signing_algorithm)
    const clientAuthentication = privateKeyJwt(key)
    return {
      tokens: createClientTokens({
        server,
        clientId,
        clientAuthentication,
        resource,
        ...(scope && { scope }),
      }),
    }
  },
  'auth/wif-jwt-bearer': ({ server, resource }) => ({
    tokens: createClientTokens({ server, clientId, clientAuthentication: 'none' }),
    token: jwtBearer({ assertion: () => context.valid_jwt, resource }),
  }),
  'auth/enterprise-managed-authorization': ({ server, resource }) => ({
    tokens: createClientTokens({
      issuer: context.idp_issuer,
      clientId: context.idp_client_id,
      clientAuthentication: 'none',
    }),
    token: crossAppAccess({
      at: { server, clientId, clientSecret },
      resource,
      subject: () => context.idp_id_token,
    }),
  }),
}
const { client_id: clientId, client_secret: clientSecret } = context

// The suite of the draft has other scenarios too.
if (!scenario.startsWith('auth/')) process.exit(0)

const send = SERVICES[scenario] ? await createServiceFetch() : createUserFetch()
const protocol = createProtocol(url, process.env.MCP_CONFORMANCE_PROTOCOL_VERSION, send)
await protocol.connect()
await protocol.request('tools/list', {})
await protocol.request('tools/call', { name: 'test-tool', arguments: {} })
console.log('done') // the suite does not report the exit code of all clients

async function createServiceFetch() {
  const { tokens, token } = await SERVICES[scenario](await discoverMcpServer(url))
  return tokens.createTokenFetch({ baseUrl: url, throwTokenErrors: true, ...(token && { token }) })
}

/** Connects the account of an owner in a browser when a request needs it. */
function createUserFetch() {
  const registrations = context.issuer ? [{ issuer: context.issuer, clientId, clientSecret }] : []
  const client = {
    clientName: 'Evertoken conformance client',
    clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
    senderConstraint: dpop(),
    registrations,
  }
  const name = scenario === 'auth/basic-cimd' ? 'fixed' : `mcp:${url}`
  const connections = createConnections({
    encryptionSecret: 'the secret of the conformance client',
    store: createMemoryStore(),
    baseUrl: BASE_URL,
    owner: () => 'user',
    onEvent: (event) => console.error(event.type, event.code ?? '', event.cause ?? ''),
    providers: {
      mcp: mcpServers(client),
      // The server of one scenario accepts metadata documents, but sends no `iss`. Users must not name such a server.
      fixed: mcpServer(url, client),
    },
  })
  const open = createBrowser(connections.route, BASE_URL)
  const call = mcpFetch(connections.get('user', name), url)

  return async (...request) => {
    for (let signIns = 0; ; signIns += 1) {
      try {
        return await call(...request)
      } catch (error) {
        if (!(error instanceof SignInRequiredError) || signIns === MAX_SIGN_INS) throw error
        const outcome = await open(error.url)
        if (outcome !== 'connected')
          throw new Error(`The owner could not connect: ${outcome}`, { cause: error })
      }
    }
  }
}
