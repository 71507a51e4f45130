import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { ClientAuthenticationOptions } from './client-authentication.ts'
import type { EventListeners } from './emitter.ts'
import type { ServerChoice } from './server-profile.ts'

/** The options that keep tokens current. Most applications need only the first four. */
export type TokenManagementOptions = ServerChoice & TokenOptionMembers

/** The options that do not select the authorization server. */
export interface TokenOptionMembers extends ClientAuthenticationOptions {
  /**
   * The ID of your client at the authorization server, such as `web`. It is public.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.2 RFC 6749, section 2.2: Client Identifier}
   */
  readonly clientId: string
  /**
   * Encrypts sessions. It must have at least 32 random characters. All instances must have the same secret.
   *
   * `openssl rand -base64 32` prints one. Everyone who knows it can forge sessions, so keep it out of the code.
   *
   * If it is a list, the first secret encrypts and all of them decrypt. To rotate it, deploy `[old, new]` to all
   * instances, then `[new, old]`, and `new` when the sessions from before have ended.
   *
   * @example
   *   const options = { encryptionSecret: [process.env.SESSION_SECRET ?? '', process.env.OLD_SESSION_SECRET ?? ''] }
   */
  readonly encryptionSecret: string | readonly string[] | undefined
  /**
   * Names of hosts that can use plain http, such as `['keycloak']` in a cluster or in Docker Compose.
   *
   * It applies to the issuer, the endpoints of the server and `baseUrl`. Other programs in that network can read the tokens and secrets, so list only hosts of a network
   * that you trust.
   *
   * @default [], which allows plain http on loopback only
   */
  readonly insecureHosts?: readonly string[]
  /**
   * Where browsers find this application, such as `https://app.example.com` or `https://example.com/app`.
   *
   * A reverse proxy can keep or strip the path. All other paths, such as `routePrefix`, are below it. The redirect URI, the
   * `Secure` attribute of cookies and the checks against other sites depend on it. Set it if a proxy ends TLS: otherwise,
   * requests that arrive over http from elsewhere than this machine fail with `invalid_option`.
   *
   * @default The origin of the request.
   */
  readonly baseUrl?: string
  /**
   * The session store. Several instances need a shared one, such as `createRedisStore` or `createPostgresStore`.
   *
   * With `session: 'cookie'`, it holds the latest refresh of each session. With `session: 'server'`, it holds all sessions.
   * If instances do not share it, two of them can use the same refresh token, and the server may end the grant.
   *
   * @default the memory of this process
   */
  readonly store?: SessionStore
  /**
   * Name of the session cookie. On https, Evertoken adds the prefix `__Host-Http-`.
   *
   * The keys that encrypt a session depend on the name. If you change it, all users must sign in again.
   *
   * @default `evertoken-` and a short hash of `issuer` and `clientId`
   */
  readonly cookieName?: string
  /**
   * Maximum size of all cookies of Evertoken together, in bytes of the `Cookie` header.
   *
   * From 4096 to 16,384. A larger session is refused with `session_too_large`. Servers in front of the application must
   * accept the value: many allow 8 KB for all headers. If sessions do not fit, use `session: 'server'`.
   *
   * @default 7168
   */
  readonly maxCookieBytes?: number
  /**
   * Which requests from other sites send the session cookie. `Lax`: links to the application. `Strict`: none.
   *
   * With `Strict`, a user who follows a link from another site appears signed out on the first page.
   *
   * @default 'Lax'
   */
  readonly sameSite?: 'Lax' | 'Strict'
  /**
   * Seconds without use after which a session is over. A request that calls a function of the session is a use.
   *
   * Evertoken writes the time of the last use only after 10 % of this value, so a session can end that much too early.
   *
   * @default 86_400, which is 1 day
   */
  readonly idleTimeoutSeconds?: number
  /**
   * Seconds after which a session is over, even if it is in use. The user must then sign in again.
   *
   * A value above the lifetime of the refresh token has no effect, because the authorization server ends the grant first.
   *
   * @default 2_592_000, which is 30 days
   */
  readonly absoluteTimeoutSeconds?: number
  /**
   * Seconds before expiry at which a background refresh starts. At most about 25 % of the lifetime.
   *
   * In this window, calls still get the current token, so no call waits. Each session has its own random part of the window,
   * so that sessions from the same moment do not refresh together. Raise the value if the server is slow.
   *
   * @default 60
   */
  readonly refreshBeforeExpirySeconds?: number
  /**
   * How long a caller waits for the authorization server, in seconds. Above 0 and at most 300.
   *
   * After that, the call gets the current token if it still works, or throws `refresh_pending`.
   * A refresh is not aborted then: its response is awaited for up to 65 seconds, because it may carry the only valid
   * refresh token.
   *
   * @default 10
   */
  readonly serverTimeoutSeconds?: number
  /**
   * Seconds that the session store may take for one operation. Above 0 and at most 300.
   *
   * A slower operation is a failure, and the call throws `store_unavailable`. During an outage, Evertoken asks the store
   * less often. All instances must use the same value, because it determines how long a lease lasts.
   *
   * @default 5
   */
  readonly storeTimeoutSeconds?: number
  /**
   * Receives all events. If it is a list, each listener receives them.
   *
   * Listeners are called synchronously. Evertoken ignores their errors. No event contains a token, a code or a secret.
   *
   * @example
   *   const options = { onEvent: (event: EvertokenEvent) => console.log(JSON.stringify(event)) }
   */
  readonly onEvent?: EventListeners
  /**
   * The `fetch` for calls to the authorization server. Use it for a proxy of your network, or for a client certificate.
   *
   * It must not cache, repeat or time out requests: a second use of a refresh token can end the grant.
   *
   * @default the `fetch` of the runtime
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * The clock of this process. Set it only in tests, or if the system clock is known to be wrong.
   *
   * @default the clock of the system
   */
  readonly clock?: Clock
}
