import { type Connection, createConnection } from '../mechanisms/protocol/connection.ts'
import { createHttp, type Http, LISTEN_MS } from '../mechanisms/protocol/http.ts'
import type { createSignInClient } from '../mechanisms/protocol/id-token.ts'
import { createServerClock, type ServerClock } from '../mechanisms/protocol/server-clock.ts'
import { type ConnectedTokenServer, createTokenServer } from '../mechanisms/protocol/token-server.ts'
import type { ClientAuthentication } from '../ports/client-authentication.ts'
import type { Clock } from '../ports/clock.ts'
import type { Flights } from '../ports/flights.ts'
import type { SenderConstraint } from '../ports/token-binding.ts'
import { createServerAddresses, type ServerAddresses } from '../rules/protocol/server-addresses.ts'
import type { EventListener } from '../vocabulary/index.ts'
import type { ServerSettings } from './server-profile-checks.ts'

export interface ClientServerOptions {
  readonly profile: ServerSettings
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly senderConstraint: SenderConstraint | undefined
  readonly insecureHosts: readonly string[]
  /** Default: the `fetch` of the runtime, at the time of the call. */
  readonly fetch: typeof globalThis.fetch | undefined
  readonly clock: Clock
  readonly emit: EventListener
  readonly random: () => number
  readonly flights: Flights
  readonly serverTimeoutMs: number
  /** The client, if it also validates ID tokens. */
  readonly client?: ReturnType<typeof createSignInClient>
}

/** A client of an authorization server, with the clock of that server. */
export interface ClientServer {
  readonly addresses: ServerAddresses
  readonly http: Http
  readonly connection: Connection
  readonly server: ConnectedTokenServer
  readonly serverClock: ServerClock
}

/** Creates the parts that send token requests for one client. */
export function createClientServer(options: ClientServerOptions): ClientServer {
  const { profile, clientId, authentication, senderConstraint, insecureHosts, serverTimeoutMs } = options
  const { clock, emit, random, flights } = options
  const { fetch = (input, init) => globalThis.fetch(input, init) } = options
  const { defaultTokenLifetimeSeconds, tokenTypes, tokenHeader } = profile
  const addresses = createServerAddresses(profile, insecureHosts)
  const serverClock = createServerClock({ clock, emit, request: () => server.isResponding() })
  const createHttpFor = (timeoutMs: number) =>
    createHttp({ fetch, addresses, clock, timeoutMs, observe: serverClock.observe })
  const http = createHttpFor(serverTimeoutMs)
  const connection = createConnection(
    {
      ...profile,
      addresses,
      clientId,
      authentication,
      senderConstraint,
      http,
      patientHttp: createHttpFor(LISTEN_MS),
      serverTimeoutMs,
      serverClock,
      responseRules: { defaultTokenLifetimeSeconds, tokenTypes, tokenHeader },
      flights,
      clock,
      random,
    },
    options.client,
  )
  const server = createTokenServer(connection)
  return { addresses, http, connection, server, serverClock }
}
