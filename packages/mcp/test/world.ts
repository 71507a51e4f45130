import {
  type ConnectionProviderResolver,
  type Connections,
  createConnections,
  createFlights,
} from '@evertoken/core/connections'
import { createMemoryStore, type EvertokenEvent, type SessionStore } from '@evertoken/core'
import { createManualClock, type ManualClock } from '@evertoken/testkit'
import { mcpServers, type McpServersOptions } from '../src/index.ts'

export const MCP = 'https://mcp.example.com/mcp'
export const ISSUER = 'https://login.example.com'
const APP = 'https://app.example'

/** A request that a server received. */
export interface SentRequest {
  readonly url: string
  readonly method: string
  readonly body: string
  readonly headers: Headers
}

type Answer = (request: SentRequest) => Response | Promise<Response>

/** Answers by URL, without a query. Other URLs have 404. */
export type Answers = Record<string, Answer>

const json = (body: unknown, init?: ResponseInit) => Response.json(body, init)

/** The metadata of the authorization server. */
export function metadataOf(issuer: string, changes: object = {}): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    ...changes,
  }
}

/** An MCP server and its authorization server, which registers clients and signs in any user. */
export function standardAnswers(issuer: string = ISSUER): Answers {
  let clients = 0
  let tokens = 0
  return {
    [MCP]: ({ headers }) =>
      headers.has('authorization')
        ? json({})
        : new Response(null, {
            status: 401,
            headers: {
              'www-authenticate':
                'Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", scope="read"',
            },
          }),
    'https://mcp.example.com/.well-known/oauth-protected-resource/mcp': () =>
      json({ resource: MCP, authorization_servers: [issuer] }),
    [`${issuer}/.well-known/oauth-authorization-server`]: () => json(metadataOf(issuer)),
    [`${issuer}/register`]: () =>
      json({ client_id: `client-${(clients += 1)}`, client_secret: 'secret' }, { status: 201 }),
    [`${issuer}/token`]: () =>
      json({
        access_token: `token-${(tokens += 1)}`,
        refresh_token: `refresh-${tokens}`,
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'read',
      }),
  }
}

export interface McpWorld {
  readonly connections: Connections<'mcp'>
  readonly clock: ManualClock
  readonly answers: Answers
  readonly sent: SentRequest[]
  readonly events: EvertokenEvent[]
  /** Connects an account in the browser. Resolves to the outcome, and the authorization request if there was one. */
  connect(
    link?: string,
    /** The process that receives the response. */
    other?: McpWorld,
  ): Promise<{ readonly outcome: string | null; readonly authorization?: URL }>
  /** Sends a request to the servers. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** Waits for work in the background. */
  settle(): Promise<unknown>
  /** The URLs that were requested, in order. */
  urls(): readonly string[]
}

/** The parts that several processes can share. */
export interface WorldParts {
  readonly answers?: Answers
  readonly store?: SessionStore
  readonly clock?: ManualClock
  readonly baseUrl?: string
  /** Instead of that of the package. */
  readonly provider?: ConnectionProviderResolver
  /** Whether responses of authorization servers have `iss`. */
  readonly sendsIssuer?: boolean
}

export function createMcpWorld(
  options: Partial<McpServersOptions> = {},
  {
    answers = standardAnswers(),
    store = createMemoryStore(),
    clock = createManualClock(),
    baseUrl = APP,
    provider,
    sendsIssuer = false,
  }: WorldParts = {},
): McpWorld {
  const sent: SentRequest[] = []
  const events: EvertokenEvent[] = []
  const background: Promise<unknown>[] = []
  const fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
    const request = new Request(input, init)
    const { origin, pathname } = new URL(request.url)
    const { url, method, headers } = request
    const received = { url, method, headers, body: await request.text() }
    sent.push(received)
    const answer = answers[origin + pathname]
    return answer ? answer(received) : new Response('none', { status: 404 })
  }
  const connections = createConnections(
    {
      encryptionSecret: 'the secret of the tests of MCP, 32 c',
      store,
      clock,
      fetch,
      baseUrl,
      owner: () => 'ada',
      onEvent: (event) => void events.push(event),
      providers: { mcp: provider ?? mcpServers({ clientName: 'Example', ...options }) },
    },
    { flights: createFlights(), keepAlive: (work) => void background.push(work) },
  )

  async function open(url: URL, cookies: string, at = connections): Promise<Response> {
    const headers = {
      cookie: cookies,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'none',
      'sec-fetch-dest': 'document',
    }
    return (await at.route(new Request(url, { headers }))) ?? new Response('application')
  }
  const locationOf = (response: Response) => new URL(response.headers.get('location') ?? '', baseUrl)

  return {
    connections,
    clock,
    answers,
    sent,
    events,
    urls: () => sent.map(({ url }) => url),
    fetch,
    settle: () => clock.advanceUntil(Promise.allSettled(background.splice(0)), 10_000),
    async connect(link = `/connections/${encodeURIComponent(`mcp:${MCP}`)}/connect`, other?: McpWorld) {
      const begun = await open(new URL(link, baseUrl), '')
      const authorization = locationOf(begun)
      if (authorization.origin === baseUrl) return { outcome: authorization.searchParams.get('outcome') }
      const cookies = begun.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0])
      const callback = new URL(authorization.searchParams.get('redirect_uri') ?? '')
      callback.searchParams.set('state', authorization.searchParams.get('state') ?? '')
      callback.searchParams.set('code', 'code')
      if (sendsIssuer) callback.searchParams.set('iss', authorization.origin)
      const done = locationOf(await open(callback, cookies.join('; '), other?.connections))
      return { outcome: done.searchParams.get('outcome'), authorization }
    },
  }
}
