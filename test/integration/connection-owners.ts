import { createMemoryStore, type EvertokenEvent, type SessionStore } from '@evertoken/core'
import {
  type BrokenConnection,
  type ChangedConnection,
  type Connections,
  type ConnectionProvider,
  createConnections,
  type IdleGrants,
} from '@evertoken/node/connections'
import {
  type AuthorizationServerOptions,
  createAuthorizationServer,
  createManualClock,
  type FakeAuthorizationServer,
  type ManualClock,
} from '@evertoken/testkit'

export const SECRET = 'a secret of thirty-two characters'
export const LIFETIME = 300

/** An authorization server, a store, and processes that share the connections in it. */
export interface ConnectionWorld {
  readonly clock: ManualClock
  readonly server: FakeAuthorizationServer
  readonly store: SessionStore
  readonly events: EvertokenEvent[]
  readonly broken: BrokenConnection[]
  readonly recovered: ChangedConnection[]
  process(options?: ProcessOptions): Connections<'google'>
  /** The number of refreshes at the server. */
  refreshes(): number
}

export interface ProcessOptions {
  readonly encryptionSecret?: string | readonly string[]
  readonly provider?: Partial<ConnectionProvider>
  readonly store?: SessionStore
  readonly keepAlive?: IdleGrants
}

export function createConnectionWorld(options: Partial<AuthorizationServerOptions> = {}): ConnectionWorld {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, accessTokenSeconds: LIFETIME, ...options })
  const store = createMemoryStore({ clock })
  const events: EvertokenEvent[] = []
  const broken: BrokenConnection[] = []
  const recovered: ChangedConnection[] = []
  const { id: clientId, secret: clientSecret } = server.clients[0] ?? { id: '' }
  return {
    clock,
    server,
    store,
    events,
    broken,
    recovered,
    refreshes: () => server.log.filter(({ kind }) => kind === 'refresh').length,
    process: ({ encryptionSecret = SECRET, provider, store: other = store, keepAlive } = {}) =>
      createConnections({
        ...(keepAlive && { keepAlive }),
        encryptionSecret,
        store: other,
        providers: {
          google: { issuer: server.issuer, clientId, clientSecret, ...provider } as ConnectionProvider,
        },
        fetch: (input, init) => server.fetch(input, init),
        onEvent: (event) => void events.push(event),
        onBroken: (connection) => void broken.push(connection),
        onRecovered: (connection) => void recovered.push(connection),
        clock,
      }),
  }
}

/** Advances the clock until the work is done. */
export async function settle<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  done.catch(() => undefined)
  while (!isDone) {
    await clock.advance(100)
    await new Promise((resolve) => setTimeout(resolve))
  }
  return done
}
