import assert from 'node:assert/strict'
import type { EvertokenEvent } from '@evertoken/core'
import {
  createAuthorizationServer,
  createShiftableClock,
  type FakeAuthorizationServer,
} from '@evertoken/testkit'
import type { HostConfig } from '../config.ts'
import type { Host, Runtime } from '../hosts/host.ts'
import { type Browser, createBrowser } from './browser.ts'
import { createResourceServer, type ResourceServer } from './resource-server.ts'
import { createSink, type Sink } from './sink.ts'

/** Everything around one running application. */
export interface World {
  readonly session: HostConfig['session']
  readonly server: FakeAuthorizationServer
  readonly api: ResourceServer
  readonly sink: Sink
  readonly host: Host
  browser(): Browser
  /** A browser whose user has signed in; their access token is expired unless it lives for some seconds. */
  signedIn(user?: SignIn): Promise<Browser>
  /** Sets the clocks of the application and the authorization server forward. */
  advance(seconds: number): Promise<void>
  /** The events of the application since the last call. */
  events(): Promise<EvertokenEvent[]>
  /** Back to a clean slate, for the next scenario. */
  reset(): Promise<void>
  /** Fails when anything secret has left the places where it belongs. */
  assertNothingLeaked(): Promise<void>
  stop(): Promise<void>
}

export interface SignIn {
  readonly sub?: string
  /** Seconds; 0 for a token that has expired when the first call needs it. */
  readonly expiresIn?: number
  readonly claims?: Readonly<Record<string, unknown>>
}

const LIFETIME_SECONDS = 300
const CLIENT = { id: 'web', secret: 'canary-of-the-client-secret' }

export async function createWorld(runtime: Runtime, session: HostConfig['session']): Promise<World> {
  const clock = createShiftableClock()
  const server = createAuthorizationServer({
    clock,
    clients: [CLIENT],
    accessTokenPrefix: 'canary-access-',
    refreshTokenPrefix: 'canary-refresh-',
  })
  const issuer = await server.listen()
  const api = await createResourceServer((token) => server.introspect(token).active)
  const sink = await createSink()
  const config = {
    issuer: server.issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    session,
    api: api.url,
  }
  const host = await runtime.start(config)
  const seen: string[] = []
  const browser = () => createBrowser(host.url, (text) => seen.push(text))
  const tester = browser()
  let users = 0
  let ahead = 0

  async function setAhead(seconds: number): Promise<void> {
    clock.shift(seconds - ahead)
    ahead = seconds
    await tester.text(`/test/ahead?seconds=${seconds}`)
  }

  const world: World = {
    session,
    server,
    api,
    sink,
    host,
    browser,
    async signedIn({ sub = `user-${(users += 1)}`, expiresIn = 0, claims } = {}) {
      server.user = { sub, ...(claims && { claims }) }
      server.script('token', { type: 'members', set: { expires_in: expiresIn || LIFETIME_SECONDS } })
      const tab = browser()
      await tab.signIn()
      if (expiresIn === 0) await world.advance(LIFETIME_SECONDS + 1)
      return tab
    },
    advance: (seconds) => setAhead(ahead + seconds),
    events: () => tester.json('/test/events'),
    async reset() {
      server.release()
      server.always('refresh', undefined)
      server.resetCounts()
      api.calls.length = 0
      api.rejected.clear()
      api.upload = { bytes: 0 }
      api.download = { bytes: 0 }
      sink.received.length = 0
      await setAhead(0)
      await world.events()
    },
    async assertNothingLeaked() {
      await world.events()
      const places = [...seen.splice(0), ...sink.received, host.output()]
      const leak = places.find((text) => text.includes('canary'))
      assert.equal(leak, undefined, 'A secret is where it does not belong')
    },
    async stop() {
      await host.stop()
      await Promise.all([issuer.close(), api.close(), sink.close()])
    },
  }
  return world
}
