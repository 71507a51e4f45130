import type { TokenParameters } from '../model/token-parameters.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { ClientAuthenticationOptions } from './client-authentication.ts'
import type { EventListeners } from './emitter.ts'
import type { ServerChoice } from './server-profile.ts'

/** The options that select neither the authorization server nor the store. */
export interface ClientOptionMembers extends ClientAuthenticationOptions, TokenParameters {
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
