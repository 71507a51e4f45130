import {
  type AuthorizationServerOptions,
  createAuthorizationServer,
  createManualClock,
  type FakeAuthorizationServer,
  type ManualClock,
} from '@evertoken/testkit'
import { createFlights } from '../../src/mechanisms/runtime/flights.ts'
import { createHttp, LISTEN_MS } from '../../src/mechanisms/protocol/http.ts'
import type { UserClaims } from '../../src/model/session-record.ts'
import type { RefreshAnswer } from '../../src/ports/authorization-server.ts'
import {
  createProtocol,
  type Protocol,
  type ProtocolOptions,
} from '../../src/mechanisms/protocol/protocol.ts'
import { createServerClock, type ServerClock } from '../../src/mechanisms/protocol/server-clock.ts'

export const NOW = 1_800_000_000
export const REQUEST_TIMEOUT_MS = 10_000
export const USER = { sub: 'user-1', auth_time: NOW }

export interface ProtocolBench {
  readonly server: FakeAuthorizationServer
  readonly clock: ManualClock
  readonly protocol: Protocol
  readonly serverClock: ServerClock
  /** What the protocol was created with. */
  readonly options: ProtocolOptions
}

export interface BenchOptions {
  readonly server?: AuthorizationServerOptions
  readonly protocol?: Partial<ProtocolOptions>
  /** In front of the server; `undefined` lets it answer. */
  readonly fetch?: (url: string, init: RequestInit | undefined) => Promise<Response> | undefined
}

/** The protocol in front of the model authorization server, in virtual time. */
export function createProtocolBench(options: BenchOptions = {}): ProtocolBench {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, ...options.server })
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
  const given: ProtocolOptions = {
    issuer: server.issuer,
    clientId: client?.id ?? '',
    authentication: { method: 'client_secret_basic', clientSecret: client?.secret ?? '' },
    insecure: false,
    openid: true,
    http,
    patientHttp: createHttp({ fetch, clock, timeoutMs: LISTEN_MS, observe }),
    serverClock,
    random: () => 0,
    flights: createFlights(),
    clock,
    ...options.protocol,
  }
  return { server, clock, protocol: createProtocol(given), serverClock, options: given }
}

/** Answers for the paths that end like a key, and leaves the others to the server. */
export function answering(
  answers: Readonly<Record<string, () => Promise<Response> | Response>>,
): NonNullable<BenchOptions['fetch']> {
  return (url) => {
    const [, answer] = Object.entries(answers).find(([end]) => url.endsWith(end)) ?? []
    return answer && (async () => answer())()
  }
}

/** Opens a grant and refreshes it. */
export async function refresh(bench: ProtocolBench, claims: UserClaims = USER): Promise<RefreshAnswer> {
  const { refresh_token = '' } = await bench.server.issue()
  return bench.protocol.refresh(refresh_token, {}, claims)
}

/** What becomes of this answer of the token endpoint. */
export function answerTo(body: unknown, init?: ResponseInit): Promise<RefreshAnswer> {
  const response = () => (typeof body === 'string' ? new Response(body, init) : Response.json(body, init))
  return refresh(createProtocolBench({ fetch: answering({ '/token': response }) }))
}
