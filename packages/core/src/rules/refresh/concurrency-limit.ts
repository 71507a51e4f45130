/** How many requests a process sends to one server at the same time, as learned from its responses. */
export interface ConcurrencyLimit {
  readonly limit: number
  /** Until the first sign of overload, the limit grows with every response. */
  readonly isStarting: boolean
  /** The fastest recent response, in milliseconds. */
  readonly fastestMs: number
  /** When the limit was last cut, by the monotonic clock in milliseconds. */
  readonly cutAt: number
}

const INITIAL = 16
const MIN = 2
/** The limit has a maximum, because each request needs a socket. */
const MAX = 128
/** One overload makes many requests fail. All failures within this time cause only one cut. */
const CUT_PAUSE_MS = 500
/** A response that takes longer than the fastest by this factor has waited in a line of the server. */
const LINE_FACTOR = 2
/** The factor for each response, so that a server that has become slower is compared with its new speed. */
const AGEING = 1.02
/** Differences below this are noise. */
const NOISE_MS = 20

export const INITIAL_LIMIT: ConcurrencyLimit = {
  limit: INITIAL,
  isStarting: true,
  fastestMs: Infinity,
  cutAt: -Infinity,
}

/**
 * Grows the limit after a response: by 1 at the start, later by 1 for each round of responses. It does not grow while
 * responses show that requests wait in a line of the server: more of them would only make that line longer.
 *
 * @param isNeeded - Whether requests wait for the limit.
 */
export function grow(state: ConcurrencyLimit, tripMs: number, isNeeded: boolean): ConcurrencyLimit {
  const fastestMs = Math.min(state.fastestMs * AGEING, tripMs)
  const isQueued = tripMs > fastestMs * LINE_FACTOR + NOISE_MS
  const next = { ...state, fastestMs, isStarting: state.isStarting && !isQueued }
  if (!isNeeded || isQueued) return next
  return { ...next, limit: Math.min(MAX, state.limit + (state.isStarting ? 1 : 1 / state.limit)) }
}

/** Halves the limit after a sign of overload, at most once per 500 ms. */
export function cut(state: ConcurrencyLimit, now: number): ConcurrencyLimit {
  if (now - state.cutAt < CUT_PAUSE_MS) return state
  return { ...state, limit: Math.max(MIN, state.limit / 2), isStarting: false, cutAt: now }
}
