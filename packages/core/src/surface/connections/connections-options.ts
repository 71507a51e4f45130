import type { Clock } from '../../ports/clock.ts'
import type { SessionStore } from '../../ports/session-store.ts'
import { pick } from '../../rules/members.ts'
import type { BrokenReason } from '../../vocabulary/index.ts'
import { type Checked, hook, must, type OptionTable, path, REQUIRED } from '../checks.ts'
import type { EventListeners } from '../emitter.ts'
import { TOKEN_OPTIONS } from '../token-option-checks.ts'
import type { TokenSession } from '../token-session.ts'
import { type IdleGrants, isIdleGrants } from './keep-alive-value.ts'
import type { ConnectionProviders } from './provider-options.ts'

/** A connection that has changed. */
export interface ChangedConnection {
  /** The owner of the connection. */
  readonly owner: string
  /** The name of the connection, such as `google` or `google:work`. */
  readonly name: string
}

/** A connection that needs a new grant of its owner. */
export interface BrokenConnection extends ChangedConnection {
  /** Why the grant no longer works. */
  readonly reason: BrokenReason
}

/** The options that do not depend on where the secret and the store come from. */
export interface SharedConnectionOptions<Providers extends ConnectionProviders = ConnectionProviders> {
  /** The providers where owners connect accounts, by name. */
  readonly providers: Providers
  /**
   * Prefix of the routes.
   *
   * @default '/connections'
   */
  readonly routePrefix?: string
  /**
   * Returns whose browser has sent a request, for the routes: the ID of a user, a tenant or a workspace. `undefined` if nobody is
   * signed in. Return only an ID that you have verified.
   *
   * @default the claim `sub` of the session, with `auth`. Otherwise, there are no routes.
   * @example
   *   const users = new Map<string, string>() // in your code: the sessions of your application
   *   const options = { owner: (request: Request) => users.get(request.headers.get('cookie') ?? '') }
   */
  readonly owner?: (request: Request) => string | undefined | Promise<string | undefined>
  /**
   * Called when a connection stops working, once, for example to write to its owner. Evertoken ignores its errors, and
   * reports them with the event `connection_hook_failed`. It is not called if the process ends before the store responds.
   *
   * @example
   *   const options = { onBroken: ({ owner, name }: BrokenConnection) => console.log(`${owner} must connect ${name}`) }
   */
  readonly onBroken?: (connection: BrokenConnection) => void | Promise<void>
  /** Called when a connection works again: the owner has connected again, or a late response has arrived. */
  readonly onRecovered?: (connection: ChangedConnection) => void | Promise<void>
  /**
   * Lists connections by their last refresh: `keepAlive()` of `@evertoken/core/keep-alive`. Then call `connections.keepAlive()` in a
   * cron job.
   *
   * @default no index
   */
  readonly keepAlive?: IdleGrants
}

/** The options of an application without `auth`. */
export interface OwnConnectionOptions {
  /** Encrypts the connections. At least 32 random characters. To rotate, pass a list: the first encrypts, all decrypt. */
  readonly encryptionSecret: string | readonly string[] | undefined
  /** The store of the connections. Use one that outlives the process, because a lost grant must be given again. */
  readonly store: SessionStore
  /**
   * Public URL of your application. Set it behind a TLS-terminating proxy.
   *
   * @default the origin of the request
   */
  readonly baseUrl?: string
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
   * How long a caller waits for an authorization server, in seconds.
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
   * The `fetch` for calls to authorization servers.
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

/** The application that signs users in. Its secret, store and other settings apply to the connections too. */
export interface AuthChoice {
  /** The result of `evertoken()`. Its option `store` must outlive the process. */
  readonly auth: Pick<TokenSession, 'getSession'> & {
    /** Finds the user of a request to a route. */
    readOnlySession(request: Request): Pick<TokenSession, 'getSession'>
  }
}

/** The options of `createConnections`: with `auth`, or with `encryptionSecret` and `store`. */
export type ConnectionsOptions<Providers extends ConnectionProviders = ConnectionProviders> =
  SharedConnectionOptions<Providers> &
    (
      | (AuthChoice & { readonly [Name in keyof OwnConnectionOptions]?: never })
      | (OwnConnectionOptions & { readonly auth?: never })
    )

/** The options before the check. */
export type AnyConnectionsOptions = SharedConnectionOptions & Partial<AuthChoice & OwnConnectionOptions>

/** The checked options, with all defaults. */
export type SharedValues = Checked<
  SharedConnectionOptions & AuthChoice,
  'owner' | 'onBroken' | 'onRecovered' | 'keepAlive' | 'auth'
>
export type OwnValues = Checked<OwnConnectionOptions, 'baseUrl' | 'onEvent' | 'fetch' | 'clock'>

export const SHARED_OPTIONS: OptionTable<SharedValues> = {
  auth: [must('be the result of `evertoken()`', (auth) => Object(auth) === auth)],
  providers: [
    must('be an object with the providers', (providers) => Object(providers) === providers),
    REQUIRED,
  ],
  routePrefix: [path, '/connections'],
  owner: [hook],
  onBroken: [hook],
  onRecovered: [hook],
  keepAlive: [must('be `keepAlive()` of `@evertoken/core/keep-alive`', isIdleGrants)],
}

export const OWN_OPTIONS: OptionTable<OwnValues> = /* @__PURE__ */ pick(TOKEN_OPTIONS, [
  'encryptionSecret',
  'store',
  'baseUrl',
  'insecureHosts',
  'refreshBeforeExpirySeconds',
  'serverTimeoutSeconds',
  'storeTimeoutSeconds',
  'onEvent',
  'fetch',
  'clock',
]) as OptionTable<OwnValues>
