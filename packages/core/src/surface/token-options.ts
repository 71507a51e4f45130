import type { ClientAuthentication } from '../mechanisms/protocol/connection.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { COOKIE_BUDGET_BYTES } from '../rules/sessions/cookie-budget.ts'
import { defaultCookieName } from '../rules/sessions/cookies.ts'
import type { RefreshPolicy, ReusePolicy } from '../rules/refresh/decide.ts'
import type { EventListener } from '../vocabulary/index.ts'
import {
  type Checked,
  checkAll,
  cookieHeaderBytes,
  mustHave,
  hook,
  flag,
  isPositive,
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
import { authenticationOf, withoutUnusedSecret } from './client-authentication.ts'

/** The options that keep tokens current. Most applications need only the first four. */
export interface TokenManagementOptions {
  /** The issuer identifier of the authorization server. Its endpoints come from its metadata. */
  readonly issuer: string
  readonly clientId: string
  /** Omit it for a public client. If it is `undefined`, set `clientAuthentication: 'none'` too. */
  readonly clientSecret?: string | undefined
  /**
   * Encrypts sessions. It must have at least 32 random characters.
   *
   * If it is a list, the first secret encrypts and all of them decrypt. To rotate it, deploy `[old, new]` to all
   * instances, then `[new, old]`, and `new` when the sessions from before have ended.
   */
  readonly secret: string | readonly string[] | undefined
  /** How the client authenticates. Default: `client_secret_basic` with a secret, `none` without. */
  readonly clientAuthentication?: ClientAuthentication['method']
  /** The URL of the metadata, if it is not at the well-known place below the issuer. */
  readonly metadataUrl?: string
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
  /** The server's reaction to a refresh token that it has seen before. Default `strict`: it ends the grant. */
  readonly refreshTokenReuse?: ReusePolicy
  /** Whether the old access token still works during a refresh. Default true. */
  readonly serveDuringRefresh?: boolean
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
  readonly onEvent?: EventListener
  /** The `fetch` for calls to the authorization server. Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch
  /** The clock of this process. Default: the clock of the system. */
  readonly clock?: Clock
}

/** The checked options, with all defaults. */
export type TokenValues = Checked<
  TokenManagementOptions,
  | 'clientSecret'
  | 'clientAuthentication'
  | 'metadataUrl'
  | 'baseUrl'
  | 'cookieName'
  | 'onEvent'
  | 'fetch'
  | 'clock'
>

/** The settings, with derived values in place of the secrets. */
export type TokenSettings<Values extends TokenValues = TokenValues> = Omit<
  Values,
  'secret' | 'clientSecret' | 'cookieName'
> &
  Derived

interface Derived {
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

const notMetadata = must(
  'be the "issuer" in the metadata, not its address: that is "metadataUrl"',
  (issuer: string) => !issuer.includes('/.well-known/'),
)
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
  issuer: [(value) => url(value) ?? notMetadata(value), REQUIRED],
  clientId: [text, REQUIRED],
  clientSecret: [text],
  secret: [
    must('be 32 random characters or more, or a list of such', (secret) => areSecrets([secret].flat())),
    REQUIRED,
  ],
  clientAuthentication: [oneOf('client_secret_basic', 'client_secret_post', 'none')],
  // Some servers select one of their policies by a query.
  metadataUrl: [(value) => text(value) ?? url((value as string).replace(/\?[^#]*$/, ''))],
  baseUrl: [(value) => url(value) ?? plainPath(value)],
  store: [(value) => hasMethods(value) ?? notEventual(value), REQUIRED],
  cookieName: [mustMatch('be 1 to 64 letters, digits, "-" or "_"', /^[\w-]{1,64}$/)],
  maxCookieBytes: [cookieHeaderBytes, COOKIE_BUDGET_BYTES],
  sameSite: [oneOf('Lax', 'Strict'), 'Lax'],
  idleTimeoutSeconds: [seconds, DAY_SECONDS],
  absoluteTimeoutSeconds: [seconds, 30 * DAY_SECONDS],
  refreshBeforeExpirySeconds: [seconds, 60],
  refreshTokenReuse: [
    must(
      'be "strict", "tolerant" or { graceSeconds: a positive number }',
      (reuse: ReusePolicy | null) =>
        reuse === 'strict' || reuse === 'tolerant' || isPositive(reuse?.graceSeconds),
    ),
    'strict',
  ],
  serveDuringRefresh: [flag, true],
  serverTimeoutSeconds: [timeoutSeconds, 10],
  storeTimeoutSeconds: [timeoutSeconds, 5],
  onEvent: [hook],
  fetch: [hook],
  clock: [mustHave('now', 'elapsed', 'sleep')],
}

/** @throws {ConfigurationError} If an option is invalid. The message names the option and the fix. */
export function checkTokenOptions(options: TokenManagementOptions): TokenSettings {
  return toTokenSettings(checkAll<TokenValues>(TOKEN_OPTIONS, withoutUnusedSecret(options)))
}

/** @throws {ConfigurationError} If the client secret does not fit `clientAuthentication`. */
export function toTokenSettings<Values extends TokenValues>(values: Values): TokenSettings<Values> {
  const { secret, clientSecret: _clientSecret, cookieName, ...rest } = values
  const { refreshBeforeExpirySeconds, refreshTokenReuse, serveDuringRefresh } = values
  return {
    ...rest,
    cookieName: cookieName ?? defaultCookieName(values.issuer, values.clientId),
    insecure: new URL(values.issuer).protocol === 'http:',
    secrets: [secret].flat() as [string, ...string[]],
    authentication: authenticationOf(values),
    origin: values.baseUrl && new URL(values.baseUrl).origin,
    basePath: values.baseUrl === undefined ? '' : new URL(values.baseUrl).pathname.replace(/\/$/, ''),
    policy: { refreshBeforeExpirySeconds, reuse: refreshTokenReuse, serveDuringRefresh },
    serverTimeoutMs: values.serverTimeoutSeconds * 1000,
    storeTimeoutMs: values.storeTimeoutSeconds * 1000,
  }
}

function areSecrets(secrets: readonly unknown[]): boolean {
  return secrets.length > 0 && secrets.every((each) => typeof each === 'string' && each.length >= 32)
}
