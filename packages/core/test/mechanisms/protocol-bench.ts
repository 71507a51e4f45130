import {
  type AuthorizationServerOptions as FakeServerOptions,
  createAuthorizationServer as createFakeServer,
  createManualClock,
  type FakeAuthorizationServer,
  type ManualClock,
} from '@evertoken/testkit'
import { createFlights } from '../../src/mechanisms/runtime/flights.ts'
import { createHttp, LISTEN_MS } from '../../src/mechanisms/protocol/http.ts'
import type { UserClaims } from '../../src/model/token-grant.ts'
import type { AuthorizationServer, RefreshResult } from '../../src/ports/authorization-server.ts'
import {
  type AuthorizationServerOptions,
  createAuthorizationServer,
} from '../../src/mechanisms/protocol/authorization-server.ts'
import { clientSecretBasic, none } from '../../src/mechanisms/protocol/client-secret.ts'
import { createServerClock, type ServerClock } from '../../src/mechanisms/protocol/server-clock.ts'

export const NOW = 1_800_000_000
export const REQUEST_TIMEOUT_MS = 10_000
export const USER = { sub: 'user-1', auth_time: NOW }

export interface ProtocolBench {
  readonly server: FakeAuthorizationServer
  readonly clock: ManualClock
  readonly protocol: AuthorizationServer
  readonly serverClock: ServerClock
  /** The options of the protocol. */
  readonly options: AuthorizationServerOptions
}

export interface BenchOptions {
  readonly server?: FakeServerOptions
  readonly protocol?: Partial<AuthorizationServerOptions>
  /** In front of the server; `undefined` lets it answer. */
  readonly fetch?: (url: string, init: RequestInit | undefined) => Promise<Response> | undefined
}

/** The protocol in front of the model authorization server, in virtual time. */
export function createProtocolBench(options: BenchOptions = {}): ProtocolBench {
  const clock = createManualClock()
  const server = createFakeServer({ clock, ...options.server })
  const [client] = server.clients
  const fetch: typeof globalThis.fetch = (input, init) =>
    options.fetch?.(new Request(input).url, init) ?? server.fetch(input, init)
  const serverClock = createServerClock({
    clock,
    emit: () => undefined,
    request: () => http(`${server.issuer}/.well-known/openid-configuration`),
  })
  const { observe } = serverClock
  const http = createHttp({ fetch, clock, timeoutMs: REQUEST_TIMEOUT_MS, observe })
  const given: AuthorizationServerOptions = {
    issuer: server.issuer,
    clientId: client?.id ?? '',
    authentication: client?.secret === undefined ? none() : clientSecretBasic(client.secret),
    serverTimeoutMs: REQUEST_TIMEOUT_MS,
    insecure: false,
    openid: true,
    scopeSeparator: ' ',
    tokenTypes: [],
    http,
    patientHttp: createHttp({ fetch, clock, timeoutMs: LISTEN_MS, observe }),
    serverClock,
    random: () => 0,
    flights: createFlights(),
    clock,
    ...options.protocol,
  }
  return { server, clock, protocol: createAuthorizationServer(given), serverClock, options: given }
}

/** Responds for paths that end like a key. The server handles the others. */
export function answering(
  answers: Readonly<Record<string, () => Promise<Response> | Response>>,
): NonNullable<BenchOptions['fetch']> {
  return (url) => {
    const [, answer] = Object.entries(answers).find(([end]) => url.endsWith(end)) ?? []
    return answer && (async () => answer())()
  }
}

/** Opens a grant and refreshes it. */
export async function refresh(bench: ProtocolBench, claims: UserClaims = USER): Promise<RefreshResult> {
  const { refresh_token = '' } = await bench.server.issue()
  return bench.protocol.refresh({ refreshToken: refresh_token, parameters: {}, user: claims })
}

/** The result of this response of the token endpoint. */
export function answerTo(body: unknown, init?: ResponseInit): Promise<RefreshResult> {
  const response = () => (typeof body === 'string' ? new Response(body, init) : Response.json(body, init))
  return refresh(createProtocolBench({ fetch: answering({ '/token': response }) }))
}
