import type { Clock } from '@evertoken/core'
import type { Load } from './capacity.ts'
import type { FaultScript } from './fault-script.ts'
import type { GrantInspector, Introspection } from './inspection.ts'
import type { Journal } from './journal.ts'
import type { Listening } from './listen.ts'
import type { Client, TokenResponse, User } from './model.ts'
import type { IssueOptions, LogoutTokenOptions } from './options.ts'

/** A model authorization server that runs in memory. Tests inspect its state and inject faults. */
export interface ModelAuthorizationServer {
  /** The issuer identifier. `listen` replaces it with the URL of the local server. */
  readonly issuer: string
  /** The clock that measures the lifetimes of tokens. */
  readonly clock: Clock
  /** The registered clients. */
  readonly clients: readonly Client[]
  /** The user who is signed in. Tests can change it. `undefined` if the user is signed out. */
  user: User | undefined
  /**
   * Responds for its own origin. A request for another origin is logged as `elsewhere` and rejects. Redirects of the
   * authorization endpoint are returned. A scripted redirect is followed if the request allows that.
   */
  readonly fetch: (input: Request | URL | string, init?: RequestInit) => Promise<Response>
  /** Serves on 127.0.0.1, on a free port by default, and makes that the issuer. */
  listen(port?: number): Promise<Listening>
  /** Opens a grant without a browser. */
  issue(options?: IssueOptions): Promise<TokenResponse>
  /** Creates a logout token (OpenID Connect Back-Channel Logout section 2.4). */
  logoutToken(options?: LogoutTokenOptions): Promise<string>
  /** Posts one to the `backChannelLogoutUri` of its client, and resolves to the response (section 2.5). */
  sendLogoutToken(options?: LogoutTokenOptions): Promise<Response>
  /** Signs with another key from now on, the only one that is published. */
  rotateKeys(): void
  /**
   * Returns the facts about an access token, as an introspection endpoint does.
   *
   * @param at - When the token must be valid, in seconds since the epoch. By default, now.
   * @see {@link https://www.rfc-editor.org/rfc/rfc7662#section-2.2 RFC 7662, section 2.2: Introspection Response}
   */
  introspect(accessToken: string, at?: number): Introspection
  /** Inspects and ends grants. */
  readonly grants: GrantInspector
  /** Faults for the next requests of a kind, one each and in order; `undefined` stands for an honest answer. */
  readonly script: FaultScript['script']
  /** A fault for every request of a kind that has no scripted one; `undefined` ends it. */
  readonly always: FaultScript['always']
  /** Lets go of every request that hangs. */
  release(): void
  /** Requests by kind: `refresh` for refresh tokens, `token` for all other token requests. */
  readonly counts: Journal['counts']
  /** How often clients presented each refresh token, with any result. */
  readonly uses: Journal['uses']
  /** Returns how often clients presented the refresh token that they presented most often. */
  readonly maxUses: Journal['maxUses']
  /** How many token requests are processed and wait now, and how many did at most. */
  readonly load: Load
  /** The requests in the order of their arrival. Empty if the option `keepLog` is `false`. */
  readonly log: Journal['log']
  /** Forgets counts, uses and log; the grants stay. */
  resetCounts(): void
}
