import {
  createMemoryStore,
  type EvertokenOptions,
  type ReusePolicy,
  type SessionStore,
} from '@evertoken/core'
import {
  type AuthorizationServerOptions,
  createAuthorizationServer,
  type FakeAuthorizationServer,
} from '@evertoken/testkit'
import { defaultCookieName } from '../../packages/core/src/rules/sessions/cookies.ts'
import { createSeal } from '../../packages/core/src/mechanisms/sessions/seal.ts'
import { type Browser, createBrowser } from './browser.ts'
import { type Chronicle, createChronicle } from './chronicle.ts'
import { createConnectionInstance, PROVIDER } from './connection-instance.ts'
import { type Instance, ORIGIN } from './instance.ts'
import { connectStore, createStoreTrouble, type StoreTrouble, type User } from './linked-store.ts'
import type { Random } from './random.ts'
import type { OwnerRecord } from './records.ts'
import { createSessionInstance } from './session-instance.ts'
import { createSteps, type Steps } from './steps.ts'
import { createVirtualTime, type Machine, type VirtualTime } from './virtual-time.ts'
import { connectApi, linkServer, type Refusals, REQUEST_TIMEOUT_SECONDS } from './wire.ts'

/** Whose grant it is: that of a session, in either strategy, or that of a stored connection. */
export type Kind = 'cookie' | 'server' | 'connection'

/**
 * Whose clock decides that a record has expired. `relative`: the store's, and it receives the time left to live from the
 * clock of the writer. `absolute`: the store's. `own`: that of the reader.
 */
export type StoreClock = 'relative' | 'absolute' | 'own'

export interface Settings {
  readonly kind: Kind
  readonly instances: number
  readonly reuse: ReusePolicy
  readonly random: Random
  readonly storeClock: StoreClock
  /** How the authorization server differs from a simple one. */
  readonly serverOptions?: AuthorizationServerOptions
  /** Whether a refresh ends the previous access token. */
  readonly endsAccessTokens?: boolean
}

/** Real applications on one store and one authorization server, in virtual time. */
export interface World {
  readonly settings: Settings
  readonly time: VirtualTime
  readonly server: FakeAuthorizationServer
  readonly chronicle: Chronicle
  readonly steps: Steps
  readonly trouble: StoreTrouble
  readonly refusals: Refusals
  readonly instances: readonly [Instance, ...Instance[]]
  /** The session that is put through it, and another that must not notice. */
  readonly session: Signed
  readonly bystander: Signed
  /** Sees which refresh tokens the authorization server has spent by now. */
  markSpent(): void
  /** Loses the last write of the session, as a replica does that is promoted too early. */
  failOver(): Promise<void>
}

export interface Signed {
  readonly sub: string
  readonly browser: Browser
  readonly key: string
}

export const SECRET = 'seal_canary_of_thirty-two_characters'
export const CLIENT = { id: 'web', secret: 'secret_canary_of_the_client' }
export const PREFIXES = { refreshTokenPrefix: 'rt_canary_', accessTokenPrefix: 'at_canary_' }
const TWO_WEEKS = 14 * 86_400

/** The options that sessions and connections have in common. */
type SharedOptions = Required<
  Pick<
    EvertokenOptions,
    'encryptionSecret' | 'baseUrl' | 'store' | 'clock' | 'serverTimeoutSeconds' | 'fetch' | 'onEvent'
  >
>

export async function createWorld(settings: Settings): Promise<World> {
  const { kind, random, reuse, serverOptions } = settings
  const time = createVirtualTime()
  const chronicle = createChronicle(time)
  const server = createAuthorizationServer({
    clock: time.machine(),
    clients: [CLIENT],
    reuse,
    ...PREFIXES,
    ...serverOptions,
  })
  let storeNow = time.now
  const store = createMemoryStore({ clock: { now: () => storeNow(), elapsed: () => storeNow() * 1000 } })
  const open = createOpener(server.issuer, kind)
  const steps = createSteps()
  const trouble = createStoreTrouble(time)
  const refusals = { left: 0 }
  const past = new Map<string, (string | undefined)[]>()
  const resourceServer = connectApi(server, chronicle)
  const signed: Signed[] = []

  const markSpent = () => markSpentIn(chronicle, server)

  function create(instance: number): Instance {
    const user: User = { instance, phase: 'idle', reads: 0, lookers: 0 }
    const machine = time.machine(() => steps.isDropped(instance))
    const link = { user, steps, chronicle, time, random }
    const towards = { trouble, past, open, foreignKey: () => signed[1]?.key ?? '' }
    const shared = withClock(store, settings.storeClock, machine, (now) => {
      storeNow = now ?? time.now
    })
    const parts = { user, machine, chronicle, resourceServer }
    const client = {
      server: {
        issuer: server.issuer,
        refreshTokenReuse: reuse,
        refreshEndsAccessToken: settings.endsAccessTokens ?? false,
      },
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
    }
    const options: SharedOptions = {
      encryptionSecret: SECRET,
      baseUrl: ORIGIN,
      store: connectStore({ ...link, ...towards, store: shared, latencyMs: random.below(4) }),
      clock: machine,
      serverTimeoutSeconds: REQUEST_TIMEOUT_SECONDS,
      fetch: linkServer({ ...link, server, latencyMs: 5 + random.below(40), refusals, markSpent }),
      onEvent: (event) => chronicle.told.push({ ...chronicle.moment(), instance, event }),
    }
    if (kind === 'connection')
      return createConnectionInstance(parts, { ...options, providers: { [PROVIDER]: client } })
    // A clock that is a day ahead is no reason to end a session that may be idle for longer.
    const lifetimes = { idleTimeoutSeconds: TWO_WEEKS }
    return createSessionInstance(parts, { ...client, ...options, ...lifetimes, session: kind })
  }

  const first = create(0)
  const others = Array.from({ length: settings.instances - 1 }, (_, index) => create(index + 1))

  async function signIn(sub: string): Promise<Signed> {
    const browser = createBrowser(chronicle)
    const tokens = await server.issue({ sub, expiresIn: 300 })
    for (const token of [tokens.access_token, tokens.refresh_token ?? '']) chronicle.owners.set(token, sub)
    return { sub, browser, key: await first.signIn(browser, sub, tokens) }
  }

  const entering = signIn('user-1').then(async (user) => signed.push(user, await signIn('user-2')))
  await time.advanceUntil(entering, 60_000)
  await entering
  const [session, bystander] = signed
  if (!session || !bystander) throw new Error('The users could not sign in')
  return {
    settings,
    time,
    server,
    chronicle,
    steps,
    trouble,
    refusals,
    instances: [first, ...others],
    session,
    bystander,
    markSpent,
    async failOver() {
      const { key } = session
      const [before, last] = past.get(key)?.slice(-2) ?? []
      if (before === undefined || last === undefined) return
      const record = await open(before)
      // The record of a stored connection has no end.
      const expiresAt = kind === 'connection' ? time.now() + TWO_WEEKS : record.expiresAt
      if (!(await store.swap(key, last, before, expiresAt))) return
      past.set(key, [...(past.get(key) ?? []), before])
      chronicle.commits.push({ ...chronicle.moment(), key, instance: -1, record })
    },
  }
}

/** Notes for each refresh token that was sent whether it is spent by now. */
export function markSpentIn({ sends }: Chronicle, { grants }: FakeAuthorizationServer): void {
  if (!grants.alive('user-1')) return
  const current = grants.currentRefreshToken('user-1')
  for (const send of sends) send.spent ||= send.refreshToken !== current
}

/** Opens what evertoken has sealed, for the chronicle. */
export function createOpener(issuer: string, kind: Kind): (sealed: string) => Promise<OwnerRecord> {
  const purpose =
    kind === 'connection' ? 'connection of an owner' : `session ${defaultCookieName(issuer, CLIENT.id)}`
  const seal = createSeal([SECRET], purpose)
  const opened = new Map<string, OwnerRecord>()
  return async (sealed) => {
    const known = opened.get(sealed)
    if (known) return known
    const result = await seal.unseal(sealed)
    if (!('value' in result)) throw new Error(`A record that cannot be opened: ${result.rejected}`)
    opened.set(sealed, result.value as OwnerRecord)
    return result.value as OwnerRecord
  }
}

function withClock(
  store: SessionStore,
  storeClock: StoreClock,
  machine: Machine,
  look: (now?: () => number) => void,
): SessionStore {
  const by = <T>(work: () => T): T => {
    if (storeClock === 'own') look(machine.now)
    const result = work()
    look()
    return result
  }
  const ahead = () => (storeClock === 'relative' ? machine.aheadSeconds : 0)
  return {
    ...store,
    read: (key) => by(() => store.read(key)),
    swap: (key, expected, record, expiresAt) =>
      by(() => store.swap(key, expected, record, expiresAt - ahead())),
  }
}
