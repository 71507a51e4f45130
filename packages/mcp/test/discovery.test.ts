import { createMemoryStore, type SessionStore } from '@evertoken/core'
import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { discoverMcpServer } from '../src/index.ts'
import { isResourceOf } from '../src/discovery/resource-metadata.ts'
import { createUrlCheck, isPrivateHost } from '../src/discovery/safe-urls.ts'
import { createMcpWorld, ISSUER, MCP, type McpWorld, metadataOf, standardAnswers } from './world.ts'

const RESOURCE_METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'
const SERVER_METADATA = `${ISSUER}/.well-known/oauth-authorization-server`

describe('isPrivateHost', () => {
  it.each([
    'localhost',
    'redis',
    'localhost.localdomain',
    'localhost..',
    'redis.default.svc',
    'db.internal',
    'printer.local',
    'api.localhost.',
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd12::1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::a00:1]',
    '[2002:a00:1::]',
    '[2001:db8::1]',
    '[2001::1]',
    '[ff02::1]',
  ])('%s is private', (host) => expect(isPrivateHost(host)).toBe(true))

  it.each([
    'mcp.example.com',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
    '[2606:4700::1111]',
    '[2a00:1450::1]',
    '10.example.com',
  ])('%s is public', (host) => expect(isPrivateHost(host)).toBe(false))
})

describe('createUrlCheck', () => {
  const check = createUrlCheck(new URL(MCP), { insecureHosts: ['keycloak'], trustsLoopback: false })

  it.each([
    'http://mcp.example.com/',
    'https://10.0.0.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://user:pass@example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'relative',
    undefined,
    'http://localhost/',
  ])('refuses %s', (url) => expect(() => check(url, 'URL')).toThrow(/Cannot use the MCP server/))

  it.each(['https://example.com/a', 'http://keycloak/realms/a'])('accepts %s', (url) =>
    expect(check(url, 'URL').href).toBe(url),
  )

  it('accepts loopback only if the application trusts it', () => {
    const url = new URL('http://localhost:3000/mcp')
    const local = createUrlCheck(url, { insecureHosts: [], trustsLoopback: true })
    const other = createUrlCheck(url, { insecureHosts: [], trustsLoopback: false })
    expect(() => other(url, 'URL')).toThrow()
    expect(local('http://127.0.0.1:4000/', 'URL').port).toBe('4000')
    expect(() => local('http://10.0.0.1/', 'URL')).toThrow()
  })

  it('calls the function of the application for each URL', () => {
    const allow = ({ hostname }: URL) => hostname.endsWith('.example.com')
    const rules = { insecureHosts: [], trustsLoopback: false }
    const own = createUrlCheck(new URL(MCP), { ...rules, allow })
    expect(own('https://login.example.com/', 'URL').origin).toBe(ISSUER)
    expect(() => own('https://evil.example/', 'URL')).toThrow(/is refused by `allow`/)
    const later = createUrlCheck(new URL(MCP), { ...rules, allow: () => Promise.resolve(true) })
    expect(() => later('https://login.example.com/', 'URL')).toThrow(/is refused by `allow`/)
  })
})

describe('isResourceOf', () => {
  it.each([MCP, 'https://mcp.example.com', 'https://mcp.example.com/', 'https://mcp.example.com/mcp/'])(
    'accepts %s',
    (resource) => expect(isResourceOf(resource, new URL(MCP))).toBe(true),
  )
  it.each([
    'https://evil.example/mcp',
    'http://mcp.example.com/mcp',
    'https://mcp.example.com/mc',
    'https://mcp.example.com/mcp/other',
    'https://mcp.example.com/mcp#a',
    'https://mcp.example.com/mcp?a',
    'mcp',
    '',
  ])('refuses %s', (resource) => expect(isResourceOf(resource, new URL(MCP))).toBe(false))
})

describe('the discovery', () => {
  const failure = async (change: (world: ReturnType<typeof createMcpWorld>) => void) => {
    const world = createMcpWorld()
    change(world)
    const { outcome, authorization } = await world.connect()
    expect(authorization).toBeUndefined()
    expect(outcome).toBe('failed')
    const failed = world.events.find(({ type }) => type === 'connect_failed')
    return { world, code: failed && 'code' in failed ? failed.code : undefined }
  }

  it.each([
    [
      'metadata of another resource',
      { resource: 'https://evil.example/mcp', authorization_servers: [ISSUER] },
    ],
    ['no authorization server', { resource: MCP, authorization_servers: [] }],
    [
      'an authorization server on a private address',
      { resource: MCP, authorization_servers: ['https://10.0.0.1'] },
    ],
    [
      'an authorization server on http',
      { resource: MCP, authorization_servers: ['http://login.example.com'] },
    ],
  ])('refuses %s, and calls no other server', async (_, document) => {
    const { world, code } = await failure(({ answers }) => {
      answers[RESOURCE_METADATA] = () => Response.json(document)
    })
    expect(code).toBe('authorization_server_metadata_invalid')
    expect(world.urls()).toEqual([MCP, RESOURCE_METADATA])
  })

  it.each([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['no PKCE with S256', { code_challenge_methods_supported: ['plain'] }],
    ['an endpoint on a private address', { token_endpoint: 'https://169.254.169.254/token' }],
    ['no token endpoint', { token_endpoint: null }],
  ])('refuses metadata with %s, and registers no client', async (_, change) => {
    const { world, code } = await failure(({ answers }) => {
      answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, change))
    })
    expect(code).toBe('authorization_server_metadata_invalid')
    expect(world.urls().some((url) => url.endsWith('/register'))).toBe(false)
  })

  it('does not take an outage for a server without metadata', async () => {
    const { code } = await failure(({ answers }) => {
      answers[RESOURCE_METADATA] = () => new Response('busy', { status: 503 })
    })
    expect(code).toBe('authorization_server_unavailable')
  })

  it.each([
    ['of a user', {}, []],
    ['of a user of a local application', { baseUrl: 'http://localhost:3000' }, ['http://127.0.0.1:9200/mcp']],
  ])('calls a server on loopback only if the application is there: %s', async (_, settings, expected) => {
    const world = createMcpWorld({}, settings)
    await world.connect(`/connections/${encodeURIComponent('mcp:http://127.0.0.1:9200/mcp')}/connect`)
    expect(world.urls().slice(0, 1)).toEqual(expected)
  })

  it('does not use a stored server that the application no longer allows', async () => {
    const [store, clock, answers] = [createMemoryStore(), createManualClock(), standardAnswers()]
    await createMcpWorld({}, { store, clock, answers }).connect()
    const allow = ({ hostname }: URL) => hostname === 'mcp.example.com'
    const world = createMcpWorld({ allow }, { store, clock, answers })
    const token = world.connections.get('ada', `mcp:${MCP}`).getAccessToken({ forceRefresh: true })
    await expect(token).rejects.toThrow(/is refused by `allow`/)
    expect(world.urls()).toEqual([])
  })

  it('of a service needs no authorization endpoint and no PKCE', async () => {
    const world = createMcpWorld()
    const metadata = { issuer: ISSUER, token_endpoint: `${ISSUER}/token` }
    world.answers[SERVER_METADATA] = () => Response.json(metadata)
    const { server, resource } = await discoverMcpServer(MCP, { fetch: world.fetch })
    expect([server.issuer, resource]).toEqual([ISSUER, MCP])
  })

  it('registers the configured scope and those of the issuer', async () => {
    const world = createMcpWorld({ scope: 'read admin' })
    world.answers[SERVER_METADATA] = () =>
      Response.json(metadataOf(ISSUER, { scopes_supported: ['read', 'mail'] }))
    await world.connect()
    const registration = world.sent.find(({ url }) => url.endsWith('/register'))
    expect(JSON.parse(registration?.body ?? '')).toMatchObject({ scope: 'read admin mail' })
  })

  it('keeps only a part of a long list', async () => {
    const world = createMcpWorld({ scope: 'read' })
    const scopes = Array.from({ length: 10_000 }, (_, index) => `scope-${index}`)
    world.answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, { scopes_supported: scopes }))
    await world.connect()
    const registration = world.sent.find(({ url }) => url.endsWith('/register'))
    expect(registration?.body.length).toBeLessThan(5000)
  })

  it.each([
    ['a quote', ['read', 'a"b']],
    ['a line break', ['read', 'line\nbreak']],
    ['too many values', Array.from({ length: 1000 }, (_, index) => `scope-${index}`)],
  ])('refuses a scope with %s, unless the application sets another one', async (_, scopes) => {
    const change = ({ answers }: McpWorld) => {
      answers[MCP] = () => new Response(null, { status: 401 })
      answers[RESOURCE_METADATA] = () =>
        Response.json({ resource: MCP, authorization_servers: [ISSUER], scopes_supported: scopes })
    }
    const { world, code } = await failure(change)
    expect(code).toBe('authorization_server_metadata_invalid')
    expect(world.urls().filter((url) => url.endsWith('/register'))).toEqual([])
    const configured = createMcpWorld({ scope: 'read' })
    change(configured)
    const { outcome, authorization } = await configured.connect()
    expect([outcome, authorization?.searchParams.get('scope')]).toEqual(['connected', 'read'])
  })

  it('stores only small parts of the documents of a hostile server', async () => {
    const sizes: number[] = []
    const memory = createMemoryStore()
    const store: SessionStore = {
      ...memory,
      swap: (key, expected, record, ...others) => {
        sizes.push(record.length)
        return memory.swap(key, expected, record, ...others)
      },
    }
    const world = createMcpWorld({ scope: 'read' }, { store })
    const large = 'x'.repeat(100_000)
    world.answers[SERVER_METADATA] = () =>
      Response.json(
        metadataOf(ISSUER, {
          scopes_supported: [large, 'read'],
          dpop_signing_alg_values_supported: { large },
          client_id_metadata_document_supported: large,
        }),
      )
    expect((await world.connect()).outcome).toBe('connected')
    expect(Math.max(...sizes)).toBeLessThan(10_000)
  })

  it.each(['client_id', 'client_secret'])('refuses a registration with a long `%s`', async (name) => {
    const { code } = await failure(({ answers }) => {
      const client = { client_id: 'a', client_secret: 'b', [name]: 'x'.repeat(5000) }
      answers[`${ISSUER}/register`] = () => Response.json(client, { status: 201 })
    })
    expect(code).toBe('client_rejected')
  })

  it('refuses a long URL', async () => {
    const { code } = await failure(({ answers }) => {
      const servers = [`${ISSUER}/${'x'.repeat(5000)}`]
      answers[RESOURCE_METADATA] = () => Response.json({ resource: MCP, authorization_servers: servers })
    })
    expect(code).toBe('authorization_server_metadata_invalid')
  })

  it('follows no redirect', async () => {
    const { world } = await failure(({ answers }) => {
      answers[RESOURCE_METADATA] = () =>
        new Response(null, { status: 302, headers: { location: 'https://10.0.0.1/' } })
    })
    expect(world.urls()).not.toContain('https://10.0.0.1/')
  })

  it('uses a server of 2025-03-26 as its own authorization server', async () => {
    const world = createMcpWorld()
    const origin = new URL(MCP).origin
    world.answers[MCP] = () => new Response(null, { status: 401 })
    delete world.answers[RESOURCE_METADATA]
    world.answers[`${origin}/register`] = () => Response.json({ client_id: 'a' }, { status: 201 })
    world.answers[`${origin}/token`] = world.answers[`${ISSUER}/token`] as never
    const { outcome, authorization } = await world.connect()
    expect([outcome, authorization?.href.split('?')[0]]).toEqual(['connected', `${origin}/authorize`])
  })

  it.each([
    ['lists it', ['read', 'offline_access'], 'read offline_access'],
    ['does not list it', ['read'], 'read'],
    ['lists nothing', undefined, 'read'],
  ])('asks for offline_access only if the server lists it: it %s', async (_, scopes, expected) => {
    const world = createMcpWorld()
    world.answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, { scopes_supported: scopes }))
    const { authorization } = await world.connect()
    expect(authorization?.searchParams.get('scope')).toBe(expected)
  })
})
