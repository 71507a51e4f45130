import type { ClientAuthentication } from '../ports/client-authentication.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { COOKIE_BUDGET_BYTES } from '../rules/sessions/cookie-budget.ts'
import { defaultCookieName } from '../rules/sessions/cookies.ts'
import type { RefreshPolicy } from '../rules/refresh/decide.ts'
import { eventListeners, type EventListeners } from './emitter.ts'
import {
  type Checked,
  checkAll,
  cookieHeaderBytes,
  mustHave,
  hook,
  must,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  seconds,
  text,
  timeoutSeconds,
  url,
} from './checks.ts'
import {
  checkServer,
  PROFILE_NAMES,
  type ServerChoice,
  type ServerProfile,
  type ServerSettings,
} from './server-profile.ts'
import {
  authenticationOf,
  CLIENT_AUTHENTICATION_OPTIONS,
  type ClientAuthenticationOptions,
  withoutUnusedSecret,
} from './client-authentication.ts'

/** The options that keep tokens current. Most applications need only the first four. */
export type TokenManagementOptions = ServerChoice & TokenOptionMembers

interface TokenOptionMembers extends ClientAuthenticationOptions {
  readonly clientId: string
  /**
   * Encrypts sessions. It must have at least 32 random characters.
   *
   * If it is a list, the first secret encrypts and all of them decrypt. To rotate it, deploy `[old, new]` to all
   * instances, then `[new, old]`, and `new` when the sessions from before have ended.
   */
  readonly encryptionSecret: string | readonly string[] | undefined
  /**
   * Where browsers find this application, such as `https://app.example.com` or `https://example.com/app`.
   *
   * A reverse proxy can keep or strip the path. All other paths, such as `routePrefix`, are below it.
   *
   * @default The origin of the request.
   */
  readonly baseUrl?: string
  /** The session store. Default: the memory of this process. Several instances need a shared store. */
  readonly store?: SessionStore
  /**
   * Name of the session cookie. On https, Evertoken adds the prefix `__Host-Http-`.
   *
   * @default `evertoken-` and a short hash of `issuer` and `clientId`
   */
  readonly cookieName?: string
  /**
   * Maximum size of all cookies of Evertoken together, in bytes of the `Cookie` header.
   *
   * A larger session is refused with `session_too_large`. Servers in front of the application must accept the value.
   *
   * @default 7168
   */
  readonly maxCookieBytes?: number
  /** Default `Lax`. */
  readonly sameSite?: 'Lax' | 'Strict'
  /** Seconds without use after which a session is over. Default one day. */
  readonly idleTimeoutSeconds?: number
  /** Seconds after which a session is over, even if it is in use. Default 30 days. */
  readonly absoluteTimeoutSeconds?: number
  /** Seconds before expiry at which a background refresh starts. At most about 25 % of the lifetime. Default 60. */
  readonly refreshBeforeExpirySeconds?: number
  /**
   * How long a caller waits for the authorization server, in seconds.
   *
   * A refresh is not aborted then: its response is awaited for up to 65 seconds, because it may carry the only valid
   * refresh token.
   *
   * @default 10
   */
  readonly serverTimeoutSeconds?: number
  /** Seconds that the session store may take for one operation. Default 5. */
  readonly storeTimeoutSeconds?: number
  /** Receives all events. If it is a list, each listener receives them. */
  readonly onEvent?: EventListeners
  /** The `fetch` for calls to the authorization server. Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch
  /** The clock of this process. Default: the clock of the system. */
  readonly clock?: Clock
}

/** The checked options, with all defaults. */
export type TokenValues = Checked<
  TokenOptionMembers & { readonly issuer?: string; readonly server?: ServerProfile },
  | 'issuer'
  | 'server'
  | 'clientSecret'
  | 'clientAuthentication'
  | 'baseUrl'
  | 'cookieName'
  | 'onEvent'
  | 'fetch'
  | 'clock'
>

/** The settings, with derived values in place of the secrets. */
export type TokenSettings<Values extends TokenValues = TokenValues> = Omit<
  Values,
  'issuer' | 'encryptionSecret' | 'clientSecret' | 'cookieName' | 'server'
> &
  Derived

interface Derived {
  readonly issuer: string
  readonly server: ServerSettings
  readonly cookieName: string
  readonly insecure: boolean
  readonly secrets: readonly [string, ...string[]]
  readonly authentication: ClientAuthentication
  readonly origin: string | undefined
  /** The path of `baseUrl`, without a slash at the end. Empty if the application is at the root. */
  readonly basePath: string
  readonly policy: RefreshPolicy
  readonly serverTimeoutMs: number
  readonly storeTimeoutMs: number
}

const DAY_SECONDS = 86_400

const plainPath = must(
  'have a path of letters, digits, "-", ".", "_", "~" and single slashes',
  (baseUrl: string) => /^(?:\/[\w\-.~]+)*\/?$/.test(new URL(baseUrl).pathname),
)
const hasMethods = mustHave('read', 'swap', 'remove')
const notEventual = must(
  'not be eventually consistent: use one that reads its own writes (on Cloudflare the Durable Object store)',
  ({ consistency }: SessionStore) => consistency !== 'eventual',
)

export const TOKEN_OPTIONS: OptionTable<TokenValues> = {
  issuer: [text],
  server: [must('be an object with an `issuer`', (server: unknown) => Object(server) === server)],
  clientId: [text, REQUIRED],
  ...CLIENT_AUTHENTICATION_OPTIONS,
  encryptionSecret: [
    must('be 32 random characters or more, or a list of such', (secret) => areSecrets([secret].flat())),
    REQUIRED,
  ],
  baseUrl: [(value) => url(value) ?? plainPath(value)],
  store: [(value) => hasMethods(value) ?? notEventual(value), REQUIRED],
  cookieName: [mustMatch('be 1 to 64 letters, digits, "-" or "_"', /^[\w-]{1,64}$/)],
  maxCookieBytes: [cookieHeaderBytes, COOKIE_BUDGET_BYTES],
  sameSite: [oneOf('Lax', 'Strict'), 'Lax'],
  idleTimeoutSeconds: [seconds, DAY_SECONDS],
  absoluteTimeoutSeconds: [seconds, 30 * DAY_SECONDS],
  refreshBeforeExpirySeconds: [seconds, 60],
  serverTimeoutSeconds: [timeoutSeconds, 10],
  storeTimeoutSeconds: [timeoutSeconds, 5],
  onEvent: [eventListeners],
  fetch: [hook],
  clock: [mustHave('now', 'elapsed', 'sleep')],
}

/** @throws {ConfigurationError} If an option is invalid. The message names the option and the fix. */
export function checkTokenOptions(options: TokenManagementOptions): TokenSettings {
  return toTokenSettings(
    checkAll<TokenValues>(TOKEN_OPTIONS, withoutUnusedSecret(options), '', PROFILE_NAMES),
  )
}

/** @throws {ConfigurationError} If the client secret does not fit `clientAuthentication`. */
export function toTokenSettings<Values extends TokenValues>(values: Values): TokenSettings<Values> {
  const {
    encryptionSecret,
    clientSecret: _clientSecret,
    cookieName,
    issuer: _issuer,
    server: _server,
    ...rest
  } = values
  const { refreshBeforeExpirySeconds } = values
  const server = checkServer(values.issuer, values.server)
  const { issuer, refreshTokenReuse: reuse, refreshEndsAccessToken } = server
  const serveDuringRefresh = !refreshEndsAccessToken
  return {
    ...rest,
    issuer,
    server,
    cookieName: cookieName ?? defaultCookieName(issuer, values.clientId),
    insecure: new URL(issuer).protocol === 'http:',
    secrets: [encryptionSecret].flat() as [string, ...string[]],
    authentication: authenticationOf(values),
    origin: values.baseUrl && new URL(values.baseUrl).origin,
    basePath: values.baseUrl === undefined ? '' : new URL(values.baseUrl).pathname.replace(/\/$/, ''),
    policy: { consumes: 'refresh_token', refreshBeforeExpirySeconds, reuse, serveDuringRefresh },
    serverTimeoutMs: values.serverTimeoutSeconds * 1000,
    storeTimeoutMs: values.storeTimeoutSeconds * 1000,
  }
}

function areSecrets(secrets: readonly unknown[]): boolean {
  return secrets.length > 0 && secrets.every((each) => typeof each === 'string' && each.length >= 32)
}
