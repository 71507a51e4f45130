import { type Clock, createMemoryStore } from '@evertoken/core'
import { createAuthorizationServer, type FakeAuthorizationServer } from '@evertoken/testkit'
import { createBrowser } from '../browser.ts'
import { type Chronicle, createChronicle } from '../chronicle.ts'
import { connectStore, createStoreTrouble, type User } from '../linked-store.ts'
import { createRandom } from '../random.ts'
import { createSteps, type Steps } from '../steps.ts'
import { CLIENT, createOpener, type Kind, markSpentIn, PREFIXES, SECRET, type Signed } from '../world.ts'
import { type Application, startApplication } from './application.ts'
import { createScaledClock } from './scaled-clock.ts'

export const LIFETIME_SECONDS = 20
const SPEED = 10

/** Processes of one application, with the store and the authorization server that they share in this one. */
export interface Site {
  readonly server: FakeAuthorizationServer
  readonly chronicle: Chronicle
  readonly steps: Steps
  readonly time: Clock
  readonly applications: readonly Application[]
  readonly session: Signed
  /** Which process has sent a refresh token last. */
  readonly senders: ReadonlyMap<string, number>
  markSpent(): void
  close(): Promise<void>
}

/** @param drains - Whether a process finishes its work when it is asked to stop. */
export async function createSite(kind: Kind, count: number, drains = true): Promise<Site> {
  const since = Date.now() / 1000
  const time = createScaledClock(SPEED, since)
  const chronicle = createChronicle(time)
  const server = createAuthorizationServer({
    clock: time,
    clients: [CLIENT],
    accessTokenSeconds: LIFETIME_SECONDS,
    ...PREFIXES,
  })
  const listening = await server.listen()
  const steps = createSteps()
  const open = createOpener(server.issuer, kind)
  const browser = createBrowser(chronicle)
  const senders = new Map<string, number>()
  const markSpent = () => markSpentIn(chronicle, server)
  const links = {
    store: createMemoryStore({ clock: time }),
    past: new Map(),
    trouble: createStoreTrouble(time),
    random: createRandom(0),
    latencyMs: 0,
    foreignKey: () => '',
    steps,
    chronicle,
    time,
    open,
  }
  const setup = {
    type: 'setup',
    kind,
    issuer: server.issuer,
    clientSecret: CLIENT.secret,
    secret: SECRET,
    speed: SPEED,
    drains,
    since,
  } as const

  const applications = await Promise.all(
    Array.from({ length: count }, (_, instance) => {
      const user: User = { instance, phase: 'idle', reads: 0, lookers: 1 }
      const store = connectStore({ ...links, user })
      return startApplication({ user, setup, store, browser, server, chronicle, steps, senders, markSpent })
    }),
  )
  const tokens = await server.issue({ expiresIn: 1 })
  for (const token of [tokens.access_token, tokens.refresh_token ?? '']) chronicle.owners.set(token, 'user-1')
  const key = (await applications[0]?.signIn(tokens)) ?? ''
  // A token that never was valid would be a malformed response.
  await time.sleep(1000)
  return {
    server,
    chronicle,
    steps,
    time,
    applications,
    session: { sub: 'user-1', browser, key },
    senders,
    markSpent,
    async close() {
      await Promise.all(applications.map((application) => application.end()))
      await listening.close()
    },
  }
}
