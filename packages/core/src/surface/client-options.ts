import { PARAMETER_NAMES, TOKEN_PARAMETERS } from './token-parameter-checks.ts'
import { createLine } from '../mechanisms/refresh/line.ts'
import { randomId } from '../mechanisms/runtime/digest.ts'
import { systemClock, systemRandom } from '../mechanisms/runtime/system-clock.ts'
import { createSeal } from '../mechanisms/sessions/seal.ts'
import { createGuardedStore } from '../mechanisms/stores/guarded-store.ts'
import { createTokenMemory } from '../mechanisms/client-tokens/token-memory.ts'
import { omitUndefined, pick } from '../rules/members.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import type { Clock } from '../ports/clock.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { type Checked, checkAll, invalid, type OptionTable } from './checks.ts'
import {
  authenticationOf,
  CLIENT_AUTHENTICATION_OPTIONS,
  type ClientAuthenticationOptions,
  withoutUnusedSecret,
} from './client-authentication.ts'
import { createClientServer } from './client-server.ts'
import { clientCredentials, createTokensOf } from './client-credentials.ts'
import { createWorkTracker, type WorkTracker } from './drain.ts'
import { createEmitter, type EventListeners } from './emitter.ts'
import type { ServerChoice, ServerProfile } from './server-profile.ts'
import { checkServer, PROFILE_NAMES } from './server-profile-checks.ts'
import { TOKEN_OPTIONS } from './token-option-checks.ts'
import type { SourceContext } from './token-source.ts'

/** The options that select neither the authorization server nor the store. */
interface ClientOptionMembers extends ClientAuthenticationOptions, TokenParameters {
  /** The ID of your client at the authorization server. */
  readonly clientId: string
  /**
   * Names of hosts that can use plain http, such as `['keycloak']` in a cluster or in Docker Compose.
   *
   * Other programs in that network can read the tokens and secrets, so list only hosts of a network that you trust.
   *
   * @default [], which allows plain http on loopback only
   */
  readonly insecureHosts?: readonly string[]
  /**
   * Seconds before expiry at which a background refresh starts. At most about 25 % of the lifetime.
   *
   * @default 60
   */
  readonly refreshBeforeExpirySeconds?: number
  /**
   * How long a caller waits for the authorization server, in seconds.
   *
   * @default 10
   */
  readonly serverTimeoutSeconds?: number
  /**
   * Seconds that the store may take for one operation.
   *
   * @default 5
   */
  readonly storeTimeoutSeconds?: number
  /** Receives all events. */
  readonly onEvent?: EventListeners
  /**
   * The `fetch` for calls to the authorization server.
   *
   * @default the `fetch` of the runtime
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * The clock of this process.
   *
   * @default the clock of the system
   */
  readonly clock?: Clock
}

/** The store in which the processes of a fleet share their tokens, and the secret that encrypts them. */
export type SharedStoreChoice =
  | { readonly store?: never; readonly encryptionSecret?: never }
  | {
      readonly store: SessionStore
      /** Encrypts the tokens in the store. It must have at least 32 random characters. A list rotates them. */
      readonly encryptionSecret: string | readonly string[] | undefined
    }

/** The options of `createClientTokens`. Most services need an issuer, `clientId`, `clientSecret` and `scope`. */
export type ClientTokensOptions = ServerChoice & ClientOptionMembers & SharedStoreChoice

type Members = ClientOptionMembers & {
  readonly issuer?: string
  readonly server?: ServerProfile
  readonly store?: SessionStore
  readonly encryptionSecret?: string | readonly string[]
}
type Values = Checked<
  Members,
  | 'issuer'
  | 'server'
  | 'store'
  | 'encryptionSecret'
  | 'onEvent'
  | 'fetch'
  | 'clock'
  | keyof ClientAuthenticationOptions
  | keyof TokenParameters
>

const OPTIONS: OptionTable<Values> = {
  ...CLIENT_AUTHENTICATION_OPTIONS,
  ...TOKEN_PARAMETERS,
  issuer: TOKEN_OPTIONS.issuer,
  server: TOKEN_OPTIONS.server,
  clientId: TOKEN_OPTIONS.clientId,
  insecureHosts: TOKEN_OPTIONS.insecureHosts,
  store: [TOKEN_OPTIONS.store[0]],
  encryptionSecret: [TOKEN_OPTIONS.encryptionSecret[0]],
  refreshBeforeExpirySeconds: TOKEN_OPTIONS.refreshBeforeExpirySeconds,
  serverTimeoutSeconds: TOKEN_OPTIONS.serverTimeoutSeconds,
  storeTimeoutSeconds: TOKEN_OPTIONS.storeTimeoutSeconds,
  onEvent: TOKEN_OPTIONS.onEvent,
  fetch: TOKEN_OPTIONS.fetch,
  clock: TOKEN_OPTIONS.clock,
}

/** A service that calls APIs as itself. */
export interface ClientApplication {
  /** The parts that token sources use. */
  readonly context: SourceContext
  /** The work in progress, for `drain`. */
  readonly work: WorkTracker
}

/**
 * Creates the parts of a service without users that its invocations share. Adapters call it.
 *
 * @param options - The options of `createClientTokens`.
 * @param runtime - The functions of the runtime.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const service = { issuer: 'https://login.example.com', clientId: 'service', clientSecret: 'secret' }
 *   const application = createClientApplication(service, runtime)
 *   const { getClientAccessToken } = connectClientTokens(application)
 */
export function createClientApplication(
  options: ClientTokensOptions,
  runtime: Pick<Runtime, 'flights' | 'keepAlive' | 'pollMs'>,
): ClientApplication {
  const values = checkAll<Values>(OPTIONS, withoutUnusedSecret(options), '', PROFILE_NAMES)
  checkShared(values)
  const profile = checkServer(values)
  const { clock = systemClock } = values
  const [emit, random] = [createEmitter(values.onEvent), systemRandom]
  const serverTimeoutMs = values.serverTimeoutSeconds * 1000
  const storeTimeoutMs = values.storeTimeoutSeconds * 1000
  const { clientId, senderConstraint, insecureHosts, fetch } = values
  const { connection, server, serverClock } = createClientServer({
    profile,
    clientId,
    authentication: authenticationOf(values, profile),
    senderConstraint,
    insecureHosts,
    fetch,
    clock,
    emit,
    random,
    flights: runtime.flights,
    serverTimeoutMs,
  })
  const given = values.store ?? createTokenMemory(clock)
  // In the memory of the process, the tokens need no secret that anyone has to remember.
  const secrets = [values.encryptionSecret ?? randomId()].flat() as [string, ...string[]]
  const work = createWorkTracker(clock, emit)
  const context: SourceContext = {
    createTokens: (grant, acquisition, own) => createTokensOf({ ...context, line: own }, grant, acquisition),
    issuer: profile.issuer,
    clientId,
    insecureHosts,
    fetch,
    basePath: '',
    connection,
    server,
    store: createGuardedStore({ store: given, clock, emit, storeTimeoutMs, random }),
    isStorePrivate: given.outlivesProcess === false,
    sealFor: (purpose, owner) => createSeal(secrets, `${purpose} ${owner}`),
    flights: runtime.flights,
    line: createLine({ clock, random, pollMs: runtime.pollMs }),
    clock,
    serverClock,
    emit,
    random,
    refreshBeforeExpirySeconds: values.refreshBeforeExpirySeconds,
    serverTimeoutMs,
    storeTimeoutMs,
    admits: work.admits,
    keepAlive: work.tracking(runtime.keepAlive),
    client: clientCredentials(omitUndefined(pick(values, PARAMETER_NAMES))),
  }
  return { context, work }
}

function checkShared({ store, encryptionSecret }: Values): void {
  if (store !== undefined && encryptionSecret === undefined)
    throw invalid('encryptionSecret', 'is missing. It encrypts the tokens in the store')
  if (store === undefined && encryptionSecret !== undefined)
    throw invalid('store', 'is missing. Without it, tokens stay in memory: remove `encryptionSecret`')
}
