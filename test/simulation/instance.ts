import { createMemoryStore, type Evertoken, type ReusePolicy, type SessionStore } from '@evertoken/core'
import { createEvertoken, createFlights, decodeHeadersInPlace, soloFlights } from '@evertoken/core/adapter'
import { createApplication } from './application.ts'
import { createMachine, type Machine } from '../machines/machine.ts'
import { GRACE_SECONDS, type Plan, type Profile } from './plan.ts'
import { linkServer } from './server-link.ts'
import { CLIENT, COOKIE, ORIGIN, type Setting } from './setting.ts'
import { connectStore, type Outage } from './store-link.ts'

/** One process of the application: everything in it is real except time, chance and the other side of the network. */
export interface Instance {
  readonly machine: Machine
  readonly auth: Evertoken
  /** Promises that keep the process alive, and requests that it handles. */
  readonly busy: number
  /** Whether the reverse proxy sends requests to it. */
  routable: boolean
  handle(request: Request): Promise<Response>
}

const REUSE: Record<Profile, ReusePolicy> = {
  strict: 'strict',
  grace: { graceSeconds: GRACE_SECONDS },
  previous: { graceSeconds: GRACE_SECONDS },
  newest: { graceSeconds: GRACE_SECONDS },
  tolerant: 'tolerant',
  'no-rotation': 'strict',
}

export interface InstanceOptions {
  readonly index: number
  readonly setting: Setting
  readonly shared: SessionStore
  readonly outage: Outage
  readonly secrets: readonly string[]
  readonly aheadSeconds: number
}

export function createInstance({
  index,
  setting,
  shared,
  outage,
  secrets,
  aheadSeconds,
}: InstanceOptions): Instance {
  const { plan, world, history, server } = setting
  const machine = createMachine({
    index,
    world,
    aheadSeconds,
    travel: setting.travel,
    onStop: ({ until }) => world.note(`stop @${index} ${until}`),
  })
  const { clock } = machine
  const store = plan.store === 'shared' ? shared : createMemoryStore({ clock })
  let busy = 0
  const count = (work: Promise<unknown>) => {
    busy += 1
    const finish = () => {
      busy -= 1
    }
    work.then(finish, finish)
  }
  const auth = createEvertoken(
    {
      server: {
        issuer: server.issuer,
        refreshTokenReuse: REUSE[plan.profile],
        refreshEndsAccessToken: endsAccessTokens(plan),
      },
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      encryptionSecret: secrets,
      baseUrl: ORIGIN,
      cookieName: COOKIE,
      // Some users have many claims.
      maxCookieBytes: 16_384,
      session: plan.kind,
      clock,
      idleTimeoutSeconds: plan.idleTimeoutSeconds,
      store: connectStore(machine, setting, store, outage),
      backChannelLogout: plan.backChannelLogout,
      onSignIn: (claims) => ({ ...claims, padding: paddingOf(plan) }),
      fetch: linkServer(machine, setting),
      onEvent(event) {
        // A server session that ended more than five minutes ago is not found.
        if (event.type === 'session_rejected' && event.reason !== 'not_found')
          history.seen.push(`S23: a cookie was rejected: ${event.reason}`)
        history.told.push({ ...history.now(), process: index, event })
        world.note(`event ${JSON.stringify(event)} @${index}`)
      },
    },
    {
      // The handler gets its session as an argument. An async context would slow every promise down.
      context: { run: (_value, work) => work(), get: () => undefined },
      flights: plan.flights === 'solo' ? soloFlights : createFlights(),
      keepAlive: count,
      fitHeaders: decodeHeadersInPlace,
    },
  )
  const application = createApplication(machine, setting)

  return {
    machine,
    auth,
    routable: true,
    get busy() {
      return busy
    },
    async handle(request) {
      await machine.run('request')
      const response = auth.handle(request, application)
      count(response)
      return response
    },
  }
}

/** On such servers, a refresh ends the access tokens that were issued before. */
export function endsAccessTokens({ refreshEndsAccessTokens, profile }: Plan): boolean {
  return refreshEndsAccessTokens || profile === 'newest'
}

/** Claims that do not compress, as a cookie carries them. */
function paddingOf({ claimsBytes }: Plan): string {
  return 'x'.repeat(claimsBytes)
}
