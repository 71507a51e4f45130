import { createMemoryStore, SignInRequiredError } from '@evertoken/core'
import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { mcpFetch, mcpServer } from '../src/index.ts'
import { createMcpWorld, ISSUER, MCP, metadataOf, type McpWorld, standardAnswers } from './world.ts'

const NAME = `mcp:${MCP}` as const
const SERVER_METADATA = `${ISSUER}/.well-known/oauth-authorization-server`
/** Metadata of a server that accepts metadata documents, and names itself in its responses. */
const DOCUMENTS = { client_id_metadata_document_supported: true }
const ISS = { authorization_response_iss_parameter_supported: true }
const OTHER = 'https://other.example.com'

const tokenOf = async ({ connections }: McpWorld) =>
  (await connections.get('ada', NAME).getAccessToken())?.value

describe('a connection to an MCP server', () => {
  it('finds the authorization server, registers a client, and gets tokens for the resource', async () => {
    const world = createMcpWorld()
    const { outcome, authorization } = await world.connect()
    expect(outcome).toBe('connected')
    expect(authorization?.origin).toBe(ISSUER)
    expect(authorization?.searchParams.get('scope')).toBe('read')
    expect(authorization?.searchParams.get('resource')).toBe(MCP)
    expect(await tokenOf(world)).toBe('token-1')
    const registration = world.sent.find(({ url }) => url.endsWith('/register'))
    expect(JSON.parse(registration?.body ?? '')).toMatchObject({
      client_name: 'Example',
      redirect_uris: ['https://app.example/connections/callback/mcp'],
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
    })
  })

  it('sends the resource with a refresh too', async () => {
    const world = createMcpWorld()
    await world.connect()
    await world.connections.get('ada', NAME).getAccessToken({ forceRefresh: true })
    const bodies = world.sent
      .filter(({ url, method }) => url.endsWith('/token') && method === 'POST')
      .map(({ body }) => new URLSearchParams(body))
    expect(bodies.map((body) => body.get('grant_type'))).toEqual(['authorization_code', 'refresh_token'])
    expect(bodies.map((body) => body.get('resource'))).toEqual([MCP, MCP])
  })

  it('makes no request before the owner has connected', async () => {
    const world = createMcpWorld()
    const connection = world.connections.get('ada', NAME)
    expect(await connection.getAccessToken()).toBeUndefined()
    const error = await mcpFetch(connection, MCP)(MCP).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SignInRequiredError)
    expect(error).toMatchObject({ code: 'not_connected', url: connection.connectUrl() })
    expect(world.urls()).toEqual([])
  })

  it('needs no discovery in another process', async () => {
    const [store, clock, answers] = [createMemoryStore(), createManualClock(), standardAnswers()]
    await createMcpWorld({}, { store, clock, answers }).connect()
    const world = createMcpWorld({}, { store, clock, answers })
    expect(await tokenOf(world)).toBe('token-1')
    expect(world.sent.filter(({ url }) => url !== `${ISSUER}/token`)).toEqual([])
  })

  it('uses one registration for all servers of an issuer', async () => {
    const world = createMcpWorld()
    await world.connect()
    const { outcome } = await world.connect()
    expect(outcome).toBe('connected')
    expect(world.urls().filter((url) => url.endsWith('/register'))).toHaveLength(1)
  })

  it('uses the metadata document as client ID, and serves it', async () => {
    const clientMetadataUrl = 'https://app.example/oauth-client.json'
    const world = createMcpWorld({ clientMetadataUrl }, { sendsIssuer: true })
    world.answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, { ...DOCUMENTS, ...ISS }))
    const { outcome, authorization } = await world.connect()
    expect(outcome).toBe('connected')
    expect(authorization?.searchParams.get('client_id')).toBe(clientMetadataUrl)
    const response = await world.connections.route(new Request(clientMetadataUrl))
    expect(await response?.json()).toMatchObject({
      client_id: clientMetadataUrl,
      redirect_uris: ['https://app.example/connections/callback/mcp'],
      token_endpoint_auth_method: 'none',
    })
    expect(world.connections.route(new Request('https://app.example/other.json'))).toBeUndefined()
  })

  it('uses a client of the application only at its issuer', async () => {
    const registrations = [
      { issuer: OTHER, clientId: 'other', clientSecret: 'canary' },
      { issuer: ISSUER, clientId: 'own', clientSecret: 'secret' },
    ]
    const world = createMcpWorld({ registrations })
    const { authorization } = await world.connect()
    expect(authorization?.searchParams.get('client_id')).toBe('own')
    expect(JSON.stringify(world.sent.map(({ body }) => body))).not.toContain('canary')
  })

  it.each([
    ['a quote', 'a\\"b'],
    ['too many characters', 'x'.repeat(3000)],
    ['only spaces', '  '],
  ])('asks for the configured scope at a step-up whose scope has %s', async (_, scope) => {
    const world = createMcpWorld()
    await world.connect()
    world.answers[MCP] = () =>
      new Response(null, {
        status: 403,
        headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
      })
    const connection = world.connections.get('ada', `mcp:${MCP}`)
    const error: unknown = await mcpFetch(connection, MCP, { fetch: world.fetch })(MCP).catch(
      (each: unknown) => each,
    )
    expect(error).toMatchObject({ code: 'scope_missing', url: connection.connectUrl() })
  })

  it('refuses a new consent with a scope that cannot be requested, and keeps the grants', async () => {
    const world = createMcpWorld()
    await world.connect()
    world.answers[MCP] = () =>
      new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer scope="a\\"b"' } })
    for (let i = 0; i < 3; i++) {
      await world.clock.advance(4_000_000)
      expect(await tokenOf(world)).toBeDefined()
      await world.settle()
    }
    expect((await world.connect()).outcome).toBe('failed')
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'connect_failed' }))
    expect(await tokenOf(world)).toBeDefined()
    await world.connections.get('ada', NAME).disconnect()
    expect(await world.connections.get('ada', NAME).getState()).toEqual({ state: 'not_connected' })
  })

  it('adds the challenged scope to the granted one at a step-up', async () => {
    const world = createMcpWorld()
    await world.connect()
    world.answers[MCP] = () =>
      new Response(null, {
        status: 403,
        headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="read write"' },
      })
    const send = mcpFetch(world.connections.get('ada', NAME), MCP, { fetch: world.fetch })
    const error = (await send(MCP).catch((thrown: unknown) => thrown)) as SignInRequiredError
    expect(error).toMatchObject({ code: 'scope_missing', missingScope: 'write' })
    const { authorization } = await world.connect(error.url)
    expect(authorization?.searchParams.get('scope')?.split(' ').toSorted()).toEqual(['read', 'write'])
  })
})

describe('a server that moves to another authorization server', () => {
  it('needs a new grant, and gives the other issuer no credential', async () => {
    const world = createMcpWorld()
    await world.connect()
    const other = standardAnswers(OTHER)
    Object.assign(world.answers, other)
    await world.clock.advance(400_000)
    await tokenOf(world) // looks the server up in the background
    await world.settle()
    await world.clock.advance(400_000)
    expect(await tokenOf(world)).toBeUndefined()
    expect(await world.connections.get('ada', NAME).getState()).toMatchObject({
      state: 'needs_reauthorization',
    })
    const { outcome, authorization } = await world.connect()
    expect(outcome).toBe('connected')
    expect(authorization?.origin).toBe(OTHER)
    const toOther = world.sent.filter(({ url }) => url.startsWith(OTHER))
    expect(toOther.map(({ body }) => body).join()).not.toContain('refresh-1')
    expect(toOther.some(({ url }) => url.endsWith('/register'))).toBe(true)
  })
})

describe('a server that has forgotten the client', () => {
  const refuse = () => Response.json({ error: 'invalid_client' }, { status: 401 })

  it('gets a new client when the owner connects again, after a confirmed refusal', async () => {
    const world = createMcpWorld()
    await world.connect()
    const accept = world.answers[`${ISSUER}/token`] as () => Response
    const clientIdOf = async () => (await world.connect()).authorization?.searchParams.get('client_id')
    world.answers[`${ISSUER}/token`] = refuse
    const refresh = world.connections.get('ada', NAME).getAccessToken({ forceRefresh: true })
    await expect(refresh).rejects.toMatchObject({ code: 'client_rejected' })
    expect(await clientIdOf()).toBe('client-1')
    await world.clock.advance(70_000)
    world.answers[`${ISSUER}/token`] = accept
    expect(await clientIdOf()).toBe('client-2')
  })

  it('keeps the client of absent owners after one refusal, and replaces it after a confirmed one', async () => {
    const world = createMcpWorld()
    await world.connect()
    world.answers[`${ISSUER}/token`] = refuse
    const refresh = () =>
      world.connections.get('ada', NAME).getAccessToken({ forceRefresh: true }).catch(String)
    const registrations = () => world.urls().filter((url) => url.endsWith('/register')).length
    await refresh()
    await world.clock.advance(40_000)
    await refresh()
    expect(registrations()).toBe(1)
    await world.clock.advance(70_000)
    await refresh()
    await world.clock.advance(70_000)
    await refresh()
    expect(registrations()).toBe(2)
    expect(await world.connections.get('ada', NAME).getState()).toMatchObject({
      state: 'needs_reauthorization',
    })
  })
})

describe('the client of an issuer', () => {
  const OTHER_NAME = `mcp:${MCP}?other` as const
  const linkOf = (name: string) => `/connections/${encodeURIComponent(name)}/connect`

  it('is the same if two processes register one at the same time', async () => {
    const [store, clock, answers] = [createMemoryStore(), createManualClock(), standardAnswers()]
    const a = createMcpWorld({}, { store, clock, answers })
    const b = createMcpWorld({}, { store, clock, answers })
    await Promise.all([a.connect(), b.connect(linkOf(OTHER_NAME))])
    await clock.advance(301_000)
    expect(await tokenOf(a)).toBeDefined()
    expect((await b.connections.get('ada', OTHER_NAME).getAccessToken())?.value).toBeDefined()
  })

  it('is another for each origin of the application, and grants of both work', async () => {
    const [store, clock, answers] = [createMemoryStore(), createManualClock(), standardAnswers()]
    const a = createMcpWorld({}, { store, clock, answers })
    const b = createMcpWorld({}, { store, clock, answers, baseUrl: 'https://b.example' })
    await a.connect()
    await b.connect(linkOf(OTHER_NAME))
    await b.connect()
    await a.connect()
    await clock.advance(301_000)
    const world = createMcpWorld({}, { store, clock, answers, baseUrl: 'https://b.example' })
    expect(await tokenOf(world)).toBeDefined()
    expect((await a.connections.get('ada', OTHER_NAME).getAccessToken())?.value).toBeDefined()
    expect(
      a
        .urls()
        .concat(b.urls())
        .filter((url) => url.endsWith('/register')),
    ).toHaveLength(2)
  })

  it('stays if the issuer begins to accept metadata documents', async () => {
    const world = createMcpWorld({ clientMetadataUrl: 'https://app.example/client.json' })
    await world.connect()
    world.answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, { ...DOCUMENTS, ...ISS }))
    await world.clock.advance(400_000)
    await tokenOf(world)
    await world.settle()
    await world.clock.advance(301_000)
    expect(await tokenOf(world)).toBeDefined()
  })

  it('is not the metadata document if the server does not name itself in its responses', async () => {
    const world = createMcpWorld({ clientMetadataUrl: 'https://app.example/client.json' })
    world.answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, DOCUMENTS))
    const { authorization } = await world.connect()
    expect(authorization?.searchParams.get('client_id')).toBe('client-1')
  })

  it('is the metadata document at such a server if the application has set the URL', async () => {
    const clientMetadataUrl = 'https://app.example/client.json'
    const provider = mcpServer(MCP, { clientName: 'Example', clientMetadataUrl })
    const world = createMcpWorld({}, { provider })
    world.answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, DOCUMENTS))
    const { authorization } = await world.connect()
    expect(authorization?.searchParams.get('client_id')).toBe(clientMetadataUrl)
  })

  it.each([true, false])('gets no code of another server, with iss: %s', async (sendsIssuer) => {
    const world = createMcpWorld({ clientMetadataUrl: 'https://app.example/client.json' }, { sendsIssuer })
    const change = { ...DOCUMENTS, ...ISS, authorization_endpoint: `${OTHER}/authorize` }
    world.answers[SERVER_METADATA] = () => Response.json(metadataOf(ISSUER, change))
    const { outcome, authorization } = await world.connect()
    expect([outcome, authorization?.origin]).toEqual(['failed', OTHER])
    expect(world.urls()).not.toContain(`${ISSUER}/token`)
  })
})

describe('an outage', () => {
  const described = 'https://mcp.example.com/metadata'
  const challenge = { 'www-authenticate': `Bearer resource_metadata="${described}"` }

  it.each([
    ['an error', () => new Response('busy', { status: 503 })],
    ['no challenge', () => new Response(null, { status: 401 })],
    ['a failure of the network', () => Promise.reject(new TypeError('failed'))],
  ])('of an MCP server with %s does not move it', async (_, fail) => {
    const answers = { ...standardAnswers('https://mcp.example.com'), ...standardAnswers() }
    delete answers['https://mcp.example.com/.well-known/oauth-protected-resource/mcp']
    answers[MCP] = () => new Response(null, { status: 401, headers: challenge })
    answers[described] = () => Response.json({ resource: MCP, authorization_servers: [ISSUER] })
    const world = createMcpWorld({}, { answers })
    await world.connect()
    answers[MCP] = fail
    await world.clock.advance(400_000)
    await tokenOf(world)
    await world.settle()
    await world.clock.advance(301_000)
    expect(await tokenOf(world)).toBeDefined()
  })
})
