import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { COOKIE_BUDGET_BYTES } from '../rules/sessions/cookie-budget.ts'
import { eventListeners, type EventListeners } from './emitter.ts'
import {
  type Checked,
  mustHave,
  hook,
  must,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  seconds,
  secondsUpTo,
  text,
  url,
} from './checks.ts'
import type { ServerChoice, ServerProfile } from './server-profile.ts'
import { CLIENT_AUTHENTICATION_OPTIONS, type ClientAuthenticationOptions } from './client-authentication.ts'

/** The options that keep tokens current. Most applications need only the first four. */
export type TokenManagementOptions = ServerChoice & TokenOptionMembers

/** The options that do not select the authorization server. */
interface TokenOptionMembers extends ClientAuthenticationOptions {
  /** The ID of your client at the authorization server. */
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
  /**
   * The session store. Several instances need a shared one.
   *
   * @default the memory of this process
   */
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
  /**
   * Which requests from other sites send the session cookie. `Lax`: links to the application. `Strict`: none.
   *
   * @default 'Lax'
   */
  readonly sameSite?: 'Lax' | 'Strict'
  /**
   * Seconds without use after which a session is over.
   *
   * @default 86_400
   */
  readonly idleTimeoutSeconds?: number
  /**
   * Seconds after which a session is over, even if it is in use.
   *
   * @default 2_592_000
   */
  readonly absoluteTimeoutSeconds?: number
  /**
   * Seconds before expiry at which a background refresh starts. At most about 25 % of the lifetime.
   *
   * @default 60
   */
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
  /**
   * Seconds that the session store may take for one operation.
   *
   * @default 5
   */
  readonly storeTimeoutSeconds?: number
  /** Receives all events. If it is a list, each listener receives them. */
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

/** Longer than any caller waits. A larger number is probably in milliseconds. */
const timeoutSeconds = secondsUpTo(300)

/** Room for pending logins and for a small session. */
const MIN_COOKIE_BYTES = 4096
/** Four cookies of a session, and pending logins. By default, Node accepts 16,384 bytes for all headers. */
const MAX_COOKIE_BYTES = 16_384
const cookieHeaderBytes = must(
  `be a whole number of bytes from ${MIN_COOKIE_BYTES} to ${MAX_COOKIE_BYTES}`,
  (value: number) => Number.isInteger(value) && value >= MIN_COOKIE_BYTES && value <= MAX_COOKIE_BYTES,
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

function areSecrets(secrets: readonly unknown[]): boolean {
  return secrets.length > 0 && secrets.every((each) => typeof each === 'string' && each.length >= 32)
}
