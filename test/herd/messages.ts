/** The sessions of a herd, and the options of its application. */
export interface HerdSetup {
  readonly issuer: string
  readonly sessions: number
  readonly serverTimeoutSeconds: number
  /** Token responses, one for each session. */
  readonly tokens: readonly unknown[]
}

/** The results of all calls of the application. */
export interface HerdResult {
  /** The access token of each session, `null` if the session is over, `undefined` if no token came in time. */
  readonly tokens: readonly (string | null | undefined)[]
  /** Milliseconds that each call took, those that were asked to come back later too. */
  readonly waits: readonly number[]
  /** Milliseconds from the first call until the last refresh was in the store. */
  readonly drainedMs: number
  /** Milliseconds from the first call until the last client had its token. */
  readonly servedMs: number
  /** Calls that were asked to come back later. */
  readonly postponed: number
  /** Calls that failed in another way. */
  readonly failed: number
  /** How many events reported a failure, by their type and reason. */
  readonly troubles: Readonly<Record<string, number>>
  readonly mostSockets: number
  /** Milliseconds of CPU time from the first call to the last. */
  readonly cpuMs: number
  /** Milliseconds in which the process was ready to run, and other processes had the CPU. */
  readonly starvedMs: number
}

export type ToApplication =
  | { readonly setUp: HerdSetup }
  | { readonly run: { readonly spreadMs: number; readonly limitMs: number } }
export type FromApplication = { readonly ready: true } | { readonly result: HerdResult }
