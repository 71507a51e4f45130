import { type AccessToken, ConfigurationError } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { mcpAuthProvider, mcpFetch, mcpOAuthClientProvider, mcpServer, mcpServers } from '../src/index.ts'
import { createTokens } from '../src/sdk/auth-provider.ts'
import type { McpConnection } from '../src/sdk/owner-must-act.ts'
import { createMcpWorld, MCP } from './world.ts'

const NAME = `mcp:${MCP}` as const

/** A connection whose token is replaced when the current one is rejected. */
function createConnection(type: 'Bearer' | 'DPoP' = 'Bearer') {
  let current = 1
  const rejected: (string | undefined)[] = []
  const connection = {
    async getAccessToken({ rejectedToken }: { rejectedToken?: AccessToken } = {}) {
      if (rejectedToken) rejected.push(rejectedToken.value)
      if (rejectedToken?.value === `token-${current}`) current += 1
      return { value: `token-${current}`, type, scope: 'read' }
    },
  }
  return { connection: connection as unknown as McpConnection, rejected }
}

describe('the tokens of one transport', () => {
  it('a late rejection of a replaced token does not replace the new one', async () => {
    const { connection, rejected } = createConnection()
    let now = 0
    const tokens = createTokens(connection, () => now)
    await tokens.current()
    expect((await tokens.replace()).value).toBe('token-2')
    now = 5000
    expect((await tokens.replace()).value).toBe('token-2')
    now = 20_000
    expect((await tokens.replace()).value).toBe('token-3')
    expect(rejected).toEqual(['token-1', 'token-1', 'token-2'])
  })

  it('are not sent if they are bound to a key', async () => {
    const { connection } = createConnection('DPoP')
    await expect(mcpAuthProvider(connection).token()).rejects.toThrow(/mcpFetch/)
  })
})

describe('mcpOAuthClientProvider', () => {
  it('never shows a refresh token', async () => {
    const world = createMcpWorld()
    await world.connect()
    const tokens = await mcpOAuthClientProvider(world.connections.get('ada', NAME)).tokens()
    expect(tokens).toEqual({ access_token: 'token-1', token_type: 'Bearer', scope: 'read' })
  })

  it('passes the link to the application, and rejects with it', async () => {
    const world = createMcpWorld()
    await world.connect()
    const links: string[] = []
    const redirect = (link: string) => void links.push(link)
    const provider = mcpOAuthClientProvider(world.connections.get('ada', NAME), { redirect })
    const url = new URL('https://login.example.com/authorize?scope=read+write')
    await expect(provider.redirectToAuthorization(url)).rejects.toMatchObject({ missingScope: 'write' })
    expect(links).toEqual([expect.stringMatching(/connect\?scope=write$/)])
  })
})

describe('an SDK that names all scopes of the server, such as `@ai-sdk/mcp`', () => {
  it('gets another token, and the owner is not asked for more scope', async () => {
    const world = createMcpWorld({ scope: 'read' })
    await world.connect()
    const connection = world.connections.get('ada', NAME)
    const links: string[] = []
    const provider = mcpOAuthClientProvider(connection, { redirect: (link) => void links.push(link) })
    const url = new URL('https://login.example.com/authorize?scope=read+write+admin')
    const { access_token: token } = await provider.tokens()
    await world.clock.advance(60_000)
    provider.saveAuthorizationServerInformation()
    await expect(provider.redirectToAuthorization(url)).rejects.toMatchObject({ name: 'TryLaterError' })
    expect((await provider.tokens()).access_token).not.toBe(token)
    expect(links).toEqual([])
    // Without a grant, the link asks for the configured scope.
    await connection.disconnect()
    await expect(provider.redirectToAuthorization(url)).rejects.toMatchObject({ code: 'not_connected' })
    expect(links).toEqual([connection.connectUrl()])
  })
})

describe('the discovery of an SDK', () => {
  it('needs no request', async () => {
    const provider = mcpOAuthClientProvider(createConnection().connection)
    const state = provider.discoveryState()
    expect(state.authorizationServerUrl).toBe(state.authorizationServerMetadata.issuer)
    expect(await provider.validateResourceURL()).toBeUndefined()
  })
})

describe('mcpFetch', () => {
  it('refuses a URL that is not absolute', () => {
    expect(() => mcpFetch(createConnection().connection, 'nonsense')).toThrow(ConfigurationError)
  })

  it('shows no query of a URL in messages', async () => {
    const world = createMcpWorld()
    const url = `${MCP}?key=canary`
    const connection = world.connections.get('ada', `mcp:${url}`)
    const errors = await Promise.all([
      mcpFetch(connection, url)(url).catch(String),
      mcpAuthProvider(connection).token().catch(String),
    ])
    expect(errors).toEqual([expect.stringContaining(MCP), expect.stringContaining(MCP)])
    expect(JSON.stringify(errors)).not.toContain('canary')
  })
})

describe('the options', () => {
  const clientName = 'Example'
  it.each([
    ['no name', {}, /clientName/],
    [
      'a document on http',
      { clientName, clientMetadataUrl: 'http://app.example/client.json' },
      /clientMetadataUrl/,
    ],
    [
      'a document at the root',
      { clientName, clientMetadataUrl: 'https://app.example/' },
      /clientMetadataUrl/,
    ],
    ['keys without authentication', { clientName, jwks: { keys: [] } }, /jwks/],
    ['an unknown name', { clientName, scopes: 'read' }, /scopes/],
  ])('refuses %s', (_, options, message) => expect(() => mcpServers(options as never)).toThrow(message))

  it('refuses a private key in the document', () => {
    const options = {
      clientName,
      clientMetadataUrl: 'https://app.example/client.json',
      clientAuthentication: {} as never,
      jwks: { keys: [{ kty: 'EC', d: 'canary' }] },
    }
    expect(() => mcpServers(options)).toThrow(/only public keys/)
  })

  it('refuses a URL that is not absolute', () => {
    expect(() => mcpServer('mcp.example.com', { clientName })).toThrow(/URL of an MCP server/)
  })
})
