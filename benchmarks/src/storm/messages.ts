/**
 * Whose tokens expire: those of a user in either kind of session, those of a user whose tokens are bound to a key, those of
 * a connection, or those of the application itself.
 */
export type Kind = 'cookie' | 'server' | 'dpop' | 'connection' | 'client'

/** The data that a process of the fleet starts with. */
export interface Start {
  readonly issuer: string
  readonly kind: Kind
  readonly store: 'redis' | 'postgres'
  readonly url: string
}

/** All callers of a process ask at the same time, each for one of the resources (`''`: none), with the same cookie. */
export interface Round {
  /** Moves the clock of the process, so that every token has expired. */
  readonly advanceSeconds: number
  readonly callers: number
  readonly resources: readonly string[]
  readonly cookie: string
}

export interface RoundResult {
  readonly ok: number
  readonly failed: number
  /** Fingerprints of the tokens that were returned, by resource. */
  readonly tokens: Readonly<Record<string, readonly string[]>>
  /** Milliseconds that each call took. */
  readonly latencies: readonly number[]
  /** Milliseconds of the token requests that this process made. */
  readonly roundTrips: readonly number[]
  /** Milliseconds that each operation of the store took. */
  readonly storeTimes: readonly number[]
  readonly setCookie: readonly string[]
}

export type ToProcess = { readonly start: Start } | { readonly round: Round } | { readonly signIn: unknown }
export type FromProcess = { readonly ready: true } | { readonly result: RoundResult }
