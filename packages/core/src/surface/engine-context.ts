import type { ConnectionOptions } from '../mechanisms/protocol/connection.ts'
import { createServerAddresses, type ServerAddresses } from '../rules/protocol/server-addresses.ts'
import { createHttp, type Http, LISTEN_MS } from '../mechanisms/protocol/http.ts'
import { createServerClock, type ServerClock } from '../mechanisms/protocol/server-clock.ts'
import { systemClock, systemRandom } from '../mechanisms/runtime/system-clock.ts'
import { type CreateMap, createOwnMap } from '../mechanisms/runtime/bounded-map.ts'
import { type CookieMac, createCookieMac } from '../mechanisms/sessions/cookie-mac.ts'
import { rememberWrites } from '../mechanisms/sessions/remember-writes.ts'
import { createSeal, type Seal } from '../mechanisms/sessions/seal.ts'
import {
  createSealedStore,
  type IsRegistered,
  type SealedStore,
} from '../mechanisms/sessions/sealed-store.ts'
import type { Registration } from '../model/session-record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Runtime } from '../ports/runtime.ts'
import { createSharedParts, type SharedParts } from './shared-parts.ts'
import type { NamedRegistration } from './registrations/named-registration.ts'
import type { TokenSettings } from './token-settings.ts'

/** The parts that exist once for each registration, below its sessions and its authorization server. */
export interface EngineContext extends SharedParts {
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly random: () => number
  /** Decides which URLs of the authorization server can be used. */
  readonly addresses: ServerAddresses
  /** Sends requests that a caller waits for. */
  readonly http: Http
  /** Sends requests whose response may carry a refresh token. */
  readonly patientHttp: Http
  /** Whether the store keeps its records in the memory of this process. */
  readonly isStorePrivate: boolean
  readonly sealedStore: SealedStore
  /** The authorization server and client of new sessions. */
  readonly registration: Registration
  /** Whether this application uses an authorization server and client. */
  readonly isRegistered: IsRegistered
  /**
   * Encrypts one kind of value. Only applications with the same secret and owner can decrypt it.
   *
   * @param owner - Default: the cookie name.
   */
  sealFor(purpose: string, owner?: string): Seal
  /** Creates the memory of this process for one purpose, which all registrations share. */
  readonly createMap: CreateMap
  /** Encrypts sessions. Only the same registration can decrypt them. */
  sealSessionsFor(purpose: string): Seal
  /** Signs the cookies of sessions. Only the same registration accepts the signature. */
  macFor(purpose: string): CookieMac
}

/** The functions of the authorization servers that the context needs. They are called later. */
export interface ServerLink {
  /** Asks the authorization server for its time. */
  isResponding(): Promise<boolean>
  readonly isRegistered: IsRegistered
}

/** @param named - The registration, if the application has several. */
export function createEngineContext(
  settings: TokenSettings,
  { isResponding, isRegistered }: ServerLink,
  named?: NamedRegistration,
): EngineContext {
  const { clock = systemClock, fetch = (input, init) => globalThis.fetch(input, init) } = settings
  const { issuer, clientId, secrets } = settings
  // Other applications may share the secret, and use sessions with other meanings. `isRegistered` rejects the sessions
  // of applications that have the same cookie name too.
  const { cookieName } = settings
  const { shared = createSharedParts(settings), realm = '', sessionRealm = realm } = named ?? {}
  const sealFor = (purpose: string, owner = cookieName) => createSeal(secrets, `${realm}${purpose} ${owner}`)
  const sealSessionsFor = (purpose: string) => createSeal(secrets, `${sessionRealm}${purpose} ${cookieName}`)
  const { emit, store } = shared
  const createMap = named ? shared.createSharedMap : createOwnMap
  const sealed = createSealedStore(store, sealSessionsFor('session'), isRegistered, createMap)
  const random = systemRandom
  const serverClock = createServerClock({ clock, emit, request: isResponding })
  const addresses = createServerAddresses(settings.server, settings.insecureHosts)
  const http = (timeoutMs: number) =>
    createHttp({ fetch, addresses, clock, timeoutMs, observe: serverClock.observe })
  return {
    ...shared,
    clock,
    serverClock,
    random,
    addresses,
    http: http(settings.serverTimeoutMs),
    patientHttp: http(LISTEN_MS),
    isStorePrivate: settings.store.outlivesProcess === false,
    createMap,
    sealedStore: rememberWrites(sealed, clock, emit, createMap),
    registration: { issuer, clientId },
    isRegistered,
    sealFor,
    sealSessionsFor,
    macFor: (purpose) => createCookieMac(secrets, `${sessionRealm}${purpose} ${cookieName}`),
  }
}

/** Returns what the authorization server needs to send requests and to read their responses. */
export function serverOptions(
  { server, clientId, authentication, senderConstraint, serverTimeoutMs }: TokenSettings,
  { addresses, http, patientHttp, clock, serverClock, random }: EngineContext,
  { flights }: Runtime,
): ConnectionOptions {
  const { defaultTokenLifetimeSeconds, tokenTypes, tokenHeader } = server
  return {
    ...server,
    addresses,
    clientId,
    authentication,
    senderConstraint,
    responseRules: { defaultTokenLifetimeSeconds, tokenTypes, tokenHeader },
    serverTimeoutMs,
    http,
    patientHttp,
    clock,
    serverClock,
    flights,
    random,
  }
}
