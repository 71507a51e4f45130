import type { Clock } from '@evertoken/core'
import type { Paths } from './arrival.ts'
import type { CapacityOptions } from './capacity.ts'
import type { ReuseProfile } from './grants.ts'
import type { KeySet } from './id-token.ts'
import type { ClaimsChange, Client, IdTokenTweak, User } from './model.ts'
import type { RateLimitOptions } from './rate-limit.ts'
import type { AgeHeader, DateHeader } from './response-headers.ts'
import type { SigningAlgorithm } from './signing-algorithms.ts'

/** Options of `createAuthorizationServer`. */
export interface AuthorizationServerOptions {
  /**
   * The issuer identifier. `listen` replaces its origin.
   *
   * @default 'https://login.example.com'
   */
  readonly issuer?: string
  /**
   * The registered clients.
   *
   * @default one client, `web` with the secret `web-secret-for-tests-only`
   */
  readonly clients?: readonly Client[]
  /**
   * The user who is signed in. `undefined` if the user is signed out.
   *
   * @default { sub: 'user-1' }
   */
  readonly user?: User | undefined
  /**
   * The lifetime of access tokens, in seconds.
   *
   * @default 300
   */
  readonly accessTokenSeconds?: number
  /**
   * The reaction to a refresh token that is used a second time.
   *
   * @default 'strict'
   */
  readonly reuse?: ReuseProfile
  /**
   * Whether a refresh ends the previous access tokens of its grant.
   *
   * @default false
   */
  readonly refreshEndsAccessTokens?: boolean
  /**
   * The prefix of refresh tokens. A canary makes leaks easy to find.
   *
   * @default 'rt_'
   */
  readonly refreshTokenPrefix?: string
  /**
   * The prefix of access tokens. A canary makes leaks easy to find.
   *
   * @default 'at_'
   */
  readonly accessTokenPrefix?: string
  /**
   * The algorithm that signs ID tokens and logout tokens. If it is a list, the first one signs, and the server publishes a
   * key for each of them.
   *
   * @default 'ES256'
   */
  readonly idTokenAlgorithm?: SigningAlgorithm | readonly SigningAlgorithm[]
  /** Chooses the published keys from the public keys that sign, for example without `kid`. By default, all of them. */
  readonly keySet?: KeySet
  /**
   * The algorithm that signs UserInfo responses.
   *
   * @default none, so that the response is JSON
   */
  readonly userInfoAlgorithm?: SigningAlgorithm
  /** Members that are added or replaced in the metadata. A member that is `undefined` is removed. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Members that are added or replaced in each token response. A member that is `undefined` is removed. */
  readonly tokenResponse?: Readonly<Record<string, unknown>>
  /** Other paths of the endpoints, below the issuer. */
  readonly paths?: Partial<Paths>
  /**
   * Posts logout tokens to the `backChannelLogoutUri` of a client.
   *
   * @default the global `fetch`
   */
  readonly backChannelFetch?: (request: Request) => Promise<Response>
  /**
   * How many token requests are processed at the same time.
   *
   * @default all
   */
  readonly capacity?: CapacityOptions
  /**
   * How many token requests are accepted per second.
   *
   * @default all
   */
  readonly rateLimit?: RateLimitOptions
  /**
   * The `Date` header of every response.
   *
   * @default 0, the time of the server's clock
   */
  readonly date?: DateHeader
  /**
   * The `Age` header of every response.
   *
   * @default no header
   */
  readonly age?: AgeHeader
  /**
   * Whether `log` keeps every request. Set it to `false` for many thousands of requests.
   *
   * @default true
   */
  readonly keepLog?: boolean
  /**
   * The clock that measures the lifetimes of tokens.
   *
   * @default the clock of the machine
   */
  readonly clock?: Clock
}

/** The grant and the tokens that `issue` creates. */
export interface IssueOptions {
  /**
   * The user who has given the grant.
   *
   * @default 'user-1'
   */
  readonly sub?: string
  /**
   * The client that gets the tokens.
   *
   * @default the first client
   */
  readonly clientId?: string
  /**
   * The granted scope, separated by spaces.
   *
   * @default 'openid'
   */
  readonly scope?: string
  /** The resources that the access token is for (RFC 8707). By default, the token names none. */
  readonly resource?: string | readonly string[]
  /** Lifetime of the access token in seconds. */
  readonly expiresIn?: number
  /**
   * Whether the response has an ID token.
   *
   * @default whether the scope has `openid`
   */
  readonly idToken?: boolean
}

/** The contents of a logout token. */
export interface LogoutTokenOptions {
  /**
   * The user whose sessions end.
   *
   * @default the token has no `sub`
   */
  readonly sub?: string
  /**
   * The session that ends.
   *
   * @default the token has no `sid`
   */
  readonly sid?: string
  /**
   * The client that the token is for.
   *
   * @default the first client
   */
  readonly clientId?: string
  /** How the claims differ from the correct ones. By default, not at all. */
  readonly claims?: ClaimsChange
  /** Members that are added or replaced in the header. A member that is `undefined` is removed. */
  readonly header?: Readonly<Record<string, unknown>>
  /** How the signature is invalid. By default, it is valid. */
  readonly signature?: IdTokenTweak['signature']
  /** The algorithm that signs. By default, the first one of the server. */
  readonly algorithm?: SigningAlgorithm
}
