/**
 * A test world: everything around an application, in memory and on one clock.
 *
 * @module
 */
import { type Clock, createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { createAuthorizationServer } from './authorization-server.ts'
import { createBrowser } from './browser.ts'
import { createFaultyStore, type FaultyStore } from './faulty-store.ts'
import { createManualClock } from './manual-clock.ts'
import { createResourceServer } from './resource-server.ts'
import { startSession } from './start-session.ts'
import { createShiftableClock } from './shiftable-clock.ts'
import type { ApplicationOptions, World, WorldOptions } from './world/api.ts'

export type { ApplicationOptions, Instance, World, WorldOptions, WorldUser } from './world/api.ts'

/**
 * Creates everything around an application: a clock, an authorization server, an API, a faulty store and browsers.
 *
 * @param options - The parts that differ from the default.
 * @returns The parts, and the options of `evertoken()` that connect an application to them.
 * @example
 * ```ts
 * import { evertoken } from '@evertoken/node'
 * import { createWorld } from '@evertoken/testkit/world'
 *
 * const world = createWorld()
 * const auth = evertoken({ ...world.options, session: 'server' })
 * const orders = auth.createTokenFetch({ baseUrl: `${world.api.url}/orders/`, fetch: world.fetch })
 * const app = auth.handler(() => orders('recent'))
 *
 * const alice = await world.signIn(auth, { sub: 'alice' })
 * await world.clock.advance(301_000) // the access token has expired
 * world.store.script('swap', { type: 'fail', applied: true }) // the response of a write is lost
 * const response = await alice.fetch(app, '/')
 * ```
 */
export function createWorld(options?: WorldOptions): World
export function createWorld<Time extends Clock>(
  options: WorldOptions<Time> & { readonly clock: Time },
): World<Time>
export function createWorld({
  clock = createManualClock(),
  baseUrl = 'https://app.example.com',
  ...parts
}: WorldOptions<Clock> = {}): World<Clock> {
  const authorizationServer = createAuthorizationServer({ ...parts.authorizationServer, clock })
  const api = createResourceServer({ ...parts.api, authorizationServer })
  const shared = parts.store ?? { ...createMemoryStore({ clock }), outlivesProcess: true }
  const events: EvertokenEvent[] = []
  const [client] = authorizationServer.clients

  function fetch(input: Request | URL | string, init?: RequestInit): Promise<Response> {
    const { origin } = new URL(input instanceof Request ? input.url : input)
    const server = origin === new URL(api.url).origin ? api : authorizationServer
    return server.fetch(input, init)
  }

  const optionsOf = (machine: Clock, store: FaultyStore): ApplicationOptions => ({
    issuer: authorizationServer.issuer,
    clientId: client?.id ?? '',
    clientSecret: client?.secret,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl,
    store,
    fetch,
    clock: machine,
    onEvent: (event) => events.push(event),
  })
  const browserOptions = { baseUrl, clock, authorizationServer }
  const store = createFaultyStore(shared, { clock })

  return {
    clock,
    authorizationServer,
    api,
    store,
    events,
    get options() {
      return optionsOf(clock, store)
    },
    fetch,
    createInstance() {
      const machine = createShiftableClock({ base: clock })
      const own = createFaultyStore(shared, { clock: machine })
      return {
        clock: machine,
        store: own,
        get options() {
          return optionsOf(machine, own)
        },
      }
    },
    createBrowser: () => createBrowser(browserOptions),
    async signIn(auth, { sub = 'user-1', ...grant } = {}) {
      const tokens = await authorizationServer.issue({ sub, ...grant })
      return startSession(auth, tokens, { sub }, browserOptions)
    },
  }
}
