import type { Fault } from './faults.ts'
import type { RequestKind } from './model.ts'

/** One request. It contains everything that the client sent, including secrets. Use it only in tests. */
export interface LogEntry {
  /** `elsewhere`: for another origin, without a response. `unknown`: no such endpoint. */
  readonly kind: RequestKind | 'elsewhere' | 'unknown'
  /** Seconds since the epoch, when it arrived. */
  readonly at: number
  /** The HTTP method, in capitals. */
  readonly method: string
  /** The requested URL. */
  readonly url: URL
  /** The request headers. */
  readonly headers: Headers
  /** The parameters of the form or of the query. */
  readonly parameters: URLSearchParams
  /** The type of the fault that happened to the request. `undefined` if there was none. */
  readonly fault: Fault['type'] | undefined
  /** Whether the request took effect, or would have if it had been a good one. */
  processed: boolean
  /** Whether the answer was a success or a redirect; absent as long as there is none. */
  ok?: boolean
  /** The HTTP status of the response. Absent while the request is pending. */
  status?: number
  /** The OAuth error code. */
  error?: string
}

/** The parts of a log entry that are known when a request arrives. */
export type Arrival = Pick<LogEntry, 'kind' | 'method' | 'url' | 'headers' | 'parameters'>

export interface Journal {
  readonly log: readonly LogEntry[]
  readonly counts: Readonly<Record<RequestKind, number>>
  readonly uses: ReadonlyMap<string, number>
  maxUses(): number
  begin(arrival: Arrival, at: number, fault?: Fault): LogEntry
  reset(): void
}

/** @param keepLog - Whether the log keeps requests. Counts are kept in any case. */
export function createJournal(keepLog: boolean): Journal {
  const log: LogEntry[] = []
  const uses = new Map<string, number>()
  const counts = noCounts()

  return {
    log,
    counts,
    uses,
    maxUses: () => [...uses.values()].reduce((most, count) => Math.max(most, count), 0),
    begin(arrival, at, fault) {
      const entry: LogEntry = { ...arrival, at, fault: fault?.type, processed: false }
      if (keepLog) log.push(entry)
      if (entry.kind !== 'elsewhere' && entry.kind !== 'unknown') counts[entry.kind] += 1
      const presented = entry.kind === 'refresh' ? entry.parameters.get('refresh_token') : null
      if (presented !== null) uses.set(presented, (uses.get(presented) ?? 0) + 1)
      return entry
    },
    reset() {
      log.length = 0
      uses.clear()
      Object.assign(counts, noCounts())
    },
  }
}

function noCounts(): Record<RequestKind, number> {
  return { discovery: 0, jwks: 0, authorize: 0, token: 0, refresh: 0, revoke: 0, userinfo: 0, endSession: 0 }
}
