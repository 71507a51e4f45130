/** How a server handles a refresh token that it has seen before. */
export type Profile = 'strict' | 'grace' | 'newest' | 'tolerant' | 'static'

/**
 * `reject`: asks for a token because the newest one was rejected. `logout`: signs out, or disconnects. `connect`: gives a new
 * grant. `connect_again`: consents again, but the server gives only an access token. `connect_other`: gives the grant of another
 * account.
 */
export type Act = 'token' | 'reject' | 'logout' | 'revoke' | 'connect' | 'connect_again' | 'connect_other'

/** One request of a browser. Times are milliseconds, `Infinity`: never. */
export interface Visit {
  readonly phase: number
  readonly atMs: number
  readonly process: number
  readonly session: number
  readonly resource: '' | 'https://orders.test'
  readonly act: Act
  /** When the caller aborts, after the start. Negative: before it. */
  readonly abortMs: number
  /** From the browser to the process, in the handler, and back. */
  readonly travelMs: number
  readonly thinkMs: number
  readonly responseMs: number
}

/** SIGSTOP at the n-th time that any process reaches a point, of that one or of all that there are; for ever: SIGKILL. */
export interface Stop {
  readonly who: 'one' | 'all'
  readonly at: 'leased' | 'sent' | 'answered' | 'persisted'
  readonly nth: number
  readonly forMs: number
  /** Whether the whole machine is suspended, so that its monotonic clock stops. */
  readonly suspended?: boolean
}

export type AnswerFault =
  | 'refused'
  | 'busy'
  | 'misconfigured'
  | 'rejected'
  | 'subject_changed'
  | 'malformed'
  /** Fails before the server has seen it, or after. The client gets an error, or no response. */
  | 'reset_before'
  | 'reset_after'
  | 'silent_before'
  | 'silent_after'
  /** The server sees it only after the callers have left. */
  | 'stalled'
  /** The server sees it in time, and its response comes after the callers have left. */
  | 'late'

export type StoreFault = 'down' | 'answer_lost' | 'late' | 'swap_lost' | 'hangs'

export interface Plan {
  readonly profile: Profile
  /** Whether a revocation ends only that refresh token, or the grant. */
  readonly revocation: 'token' | 'grant'
  /** Whose grants these are: of sessions, in either strategy, or of stored connections. */
  readonly kind: 'server' | 'cookie' | 'connection'
  readonly flights: 'shared' | 'solo'
  readonly serveDuringRefresh: boolean
  readonly sessions: number
  /** The state of the first access token when the visits begin. */
  readonly start: 'fresh' | 'soft' | 'expired'
  /** Between the phases. */
  readonly gaps: readonly number[]
  /** The lifetime of an access token. */
  readonly lifetimeSeconds: number
  readonly idleTimeoutSeconds: number
  /** Seconds that the clock of each process is ahead. */
  readonly clocks: readonly number[]
  readonly jumps: readonly { readonly process: number; readonly atMs: number; readonly seconds: number }[]
  /** Of messages, in milliseconds, one after the other, round and round. */
  readonly latencies: readonly number[]
  /** How much later than usual a late request or response is, in milliseconds. */
  readonly lateMs: number
  /** By how many seconds the clock of the authorization server is ahead; `undefined`: its responses have no date. */
  readonly serverAhead: number | undefined
  /** Whether requests that only ask for the time get no response. */
  readonly isMute: boolean
  /** How long the authorization server takes over a token request that it has judged, in milliseconds. */
  readonly thinkMs: number
  readonly visits: readonly Visit[]
  readonly stops: readonly Stop[]
  readonly answers: readonly { readonly nth: number; readonly fault: AnswerFault }[]
  readonly storeFaults: readonly {
    readonly nth: number
    readonly times: number
    readonly fault: StoreFault
  }[]
  /** The store is down for all processes from the n-th response of the token endpoint on. */
  readonly outage?: { readonly nth: number; readonly forMs: number }
}
