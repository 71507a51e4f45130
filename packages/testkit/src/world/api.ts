import type { Clock, EvertokenEvent, SessionStore, TokenFetch } from '@evertoken/core'
import type { AuthorizationServerOptions, FakeAuthorizationServer } from '../authorization-server.ts'
import type { Browser } from '../browser/api.ts'
import type { FaultyStore } from '../faulty-store.ts'
import type { ManualClock } from '../manual-clock.ts'
import type { ResourceServer, ResourceServerOptions } from '../resource-server.ts'
import type { SessionStarter, TestBrowser } from '../start-session.ts'
import type { ShiftableClock } from '../shiftable-clock.ts'

/** Options of `createWorld`. */
export interface WorldOptions<Time extends Clock = ManualClock> {
  /**
   * The clock of both servers, the store and the application.
   *
   * @default a clock that moves only when the test moves it
   */
  readonly clock?: Time
  /**
   * The public URL of the application.
   *
   * @default 'https://app.example.com'
   */
  readonly baseUrl?: string
  /**
   * The options of the authorization server, except its clock.
   *
   * @default one client, and tokens that are valid for 300 seconds
   */
  readonly authorizationServer?: Omit<AuthorizationServerOptions, 'clock'>
  /**
   * The options of the API, except the authorization server that it trusts.
   *
   * @default the API accepts every valid token
   */
  readonly api?: Omit<ResourceServerOptions, 'authorizationServer'>
  /**
   * The store below the injected faults.
   *
   * @default a store in memory that all instances share
   */
  readonly store?: SessionStore
}

/** Options of `evertoken()` for an application in the world. Spread them before your own. */
export interface ApplicationOptions {
  /** The URL of the authorization server. */
  readonly issuer: string
  /** The ID of the first client. */
  readonly clientId: string
  /** The secret of the first client. */
  readonly clientSecret: string | undefined
  /** A secret for tests. */
  readonly encryptionSecret: string
  /** The public URL of the application. */
  readonly baseUrl: string
  /** The store with the injected faults. */
  readonly store: FaultyStore
  /** Reaches the authorization server and the API. */
  readonly fetch: TokenFetch
  /** The clock of the application. */
  readonly clock: Clock
  /** Adds each event to `events`. */
  readonly onEvent: (event: EvertokenEvent) => void
}

/** A process of the application on its own machine. */
export interface Instance {
  /** The clock of the machine. Shift or suspend it to test wrong clocks. */
  readonly clock: ShiftableClock
  /** The connection of this process to the store that all processes share, with its own faults. */
  readonly store: FaultyStore
  /** The options of `evertoken()` for this process. */
  readonly options: ApplicationOptions
}

/** The user of a session that a test starts. */
export interface WorldUser {
  /**
   * The user.
   *
   * @default 'user-1'
   */
  readonly sub?: string
  /**
   * The lifetime of the access token, in seconds.
   *
   * @default the lifetime that the authorization server uses
   */
  readonly expiresIn?: number
  /**
   * The granted scope, separated by spaces.
   *
   * @default the scope of the authorization server
   */
  readonly scope?: string
}

/** Everything around an application: a clock, an authorization server, an API, a store and browsers. */
export interface World<Time extends Clock = ManualClock> {
  /** The clock of both servers, the store and the application. */
  readonly clock: Time
  /** The model authorization server. Inject faults with `script` and `always`. */
  readonly authorizationServer: FakeAuthorizationServer
  /** The model API, which accepts the tokens of the authorization server. */
  readonly api: ResourceServer
  /** The session store. Inject faults with `script`, `always` and `outage`. */
  readonly store: FaultyStore
  /** The events of all applications that were created with the options of this world. */
  readonly events: EvertokenEvent[]
  /** The options of `evertoken()`. */
  readonly options: ApplicationOptions
  /** Sends a request to the authorization server or to the API, by its origin. */
  readonly fetch: TokenFetch
  /** Creates another process of the application, with its own clock and its own store faults. */
  createInstance(): Instance
  /** Creates a browser that reaches the authorization server for the sign-in. */
  createBrowser(): Browser
  /**
   * Starts a session with new tokens of the authorization server, and returns the browser of the user.
   *
   * @param auth - The object that `evertoken()` returns.
   * @param user - The user and the access token.
   */
  signIn(auth: SessionStarter, user?: WorldUser): Promise<TestBrowser>
}
