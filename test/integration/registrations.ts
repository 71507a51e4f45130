import { createMemoryStore, type EvertokenEvent, type SessionStore } from '@evertoken/core'
import { tenants, type TenantRegistration } from '@evertoken/core/tenants'
import { clientCredentials } from '@evertoken/core/grants'
import { type EvertokenWithClient, evertoken, type RegistrationsOptions } from '@evertoken/node'
import {
  type Browser,
  createAuthorizationServer,
  createBrowser,
  createManualClock,
  type FakeAuthorizationServer,
  type ManualClock,
} from '@evertoken/testkit'

export const SECRET = 'a secret of thirty-two characters'

/** Two authorization servers on one clock, and the requests that they got. */
export interface Servers {
  readonly clock: ManualClock
  readonly a: FakeAuthorizationServer
  readonly b: FakeAuthorizationServer
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>
}

export function createServers(): Servers {
  const clock = createManualClock()
  const create = (name: string) =>
    createAuthorizationServer({
      clock,
      issuer: `https://${name}.login.example`,
      accessTokenSeconds: 600,
      clients: [{ id: `client-${name}`, secret: `secret of ${name}` }],
    })
  const [a, b] = [create('a'), create('b')]
  return {
    clock,
    a,
    b,
    fetch: (input, init) => {
      const { origin } = new URL(input instanceof Request ? input.url : input)
      return (origin === new URL(a.issuer).origin ? a : b).fetch(input, init)
    },
  }
}

export function registrationAt(server: FakeAuthorizationServer): {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
} {
  const [client] = server.clients
  return { issuer: server.issuer, clientId: client?.id ?? '', clientSecret: client?.secret ?? '' }
}

export interface TenantWorld extends Servers {
  readonly auth: EvertokenWithClient
  readonly events: EvertokenEvent[]
  readonly store: SessionStore
  /** The names that were loaded, in order. */
  readonly loads: string[]
  /** The tenants by host. Tests change them. */
  readonly table: Map<string, TenantRegistration>
  /** Replaces how a tenant is loaded. */
  load: (name: string) => TenantRegistration | undefined | Promise<TenantRegistration | undefined>
  /** Creates the application again, as after a restart. */
  restart(changes?: Partial<RegistrationsOptions>): EvertokenWithClient
  browser(host: string): Browser
}

export interface TenantWorldOptions extends Partial<RegistrationsOptions> {
  readonly nameOf?: (request: Request) => string | undefined
  readonly maxTenants?: number
}

/** An application with the tenants `a.app.example` and `b.app.example`, each at its own server. */
export function createTenantWorld({
  nameOf = (request) => new URL(request.url).hostname,
  maxTenants,
  ...overrides
}: TenantWorldOptions = {}): TenantWorld {
  const servers = createServers()
  const { clock, a, b, fetch } = servers
  const events: EvertokenEvent[] = []
  const loads: string[] = []
  const store = overrides.store ?? { ...createMemoryStore({ clock }), outlivesProcess: true }
  const table = new Map<string, TenantRegistration>([
    ['a.app.example', registrationAt(a)],
    ['b.app.example', registrationAt(b)],
  ])
  const start = (changes: Partial<RegistrationsOptions> = {}) =>
    evertoken({
      registrations: tenants({
        nameOf,
        load(name) {
          loads.push(name)
          return world.load(name)
        },
        ...(maxTenants !== undefined && { maxTenants }),
      }),
      encryptionSecret: SECRET,
      store,
      clock,
      fetch,
      client: clientCredentials(),
      onEvent: (event) => events.push(event),
      ...overrides,
      ...changes,
    })
  const world: TenantWorld = {
    ...servers,
    events,
    loads,
    table,
    store,
    // Each load returns a new object, as a database does.
    load: (name) => (table.has(name) ? { ...(table.get(name) as TenantRegistration) } : undefined),
    auth: undefined as never,
    restart: start,
    browser: (host) => createBrowser({ baseUrl: `https://${host}`, clock, authorizationServer: { fetch } }),
  }
  return Object.assign(world, { auth: start() })
}
