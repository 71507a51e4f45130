import type { SessionRecord } from '../../model/session-record.ts'

/** A session, at the moment when the request observed it. */
interface Seen {
  readonly record: SessionRecord
}

/** The session cookie that a response sets. */
export type CookieChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'clear' }
  | { readonly kind: 'set'; readonly cookie: string; readonly record: SessionRecord }

/**
 * The facts that a request has learned about its session, and what its response must set.
 *
 * Every function below returns the next state. It returns the same object if nothing changes.
 */
export interface ResponseState<S extends Seen> {
  /** The key of the session that this request has started. */
  readonly startedKey: string | undefined
  /** The key of the session that this request has ended. */
  readonly endedKey: string | undefined
  /** The newest state of the session that this request has observed. */
  readonly newest: S | undefined
  readonly change: CookieChange
  readonly areHeadersSent: boolean
}

/** A session is touched at most once in this share of the idle timeout. */
const TOUCH_SHARE = 0.1

const NO_CHANGE: CookieChange = { kind: 'none' }

/** The state of a request that has not used its session. */
export const UNUSED: ResponseState<never> = {
  startedKey: undefined,
  endedKey: undefined,
  newest: undefined,
  change: NO_CHANGE,
  areHeadersSent: false,
}

/** Keeps a state of the session, unless it is outdated or belongs to another session. */
export function observe<S extends Seen>(state: ResponseState<S>, seen: S): ResponseState<S> {
  const { startedKey, endedKey, newest } = state
  if (newest === seen) return state
  const { id, generation } = seen.record
  // Late results of the previous session must not replace the session that was started.
  if (startedKey !== undefined && id !== startedKey) return state
  // A refresh that ends after a sign-out must not restore the cookie that was cleared.
  if (id === endedKey) return state
  if (newest && generation < newest.record.generation) return state
  return { ...state, newest: seen }
}

/** Sets the cookie of a session that this request has started. */
export function sessionStarted<S extends Seen>(
  state: ResponseState<S>,
  { record, cookie }: { readonly record: SessionRecord; readonly cookie: string },
): ResponseState<S> {
  return { ...state, startedKey: record.id, newest: undefined, change: { kind: 'set', cookie, record } }
}

/** Clears the cookie. `key` is `undefined` if the cookie contained no session. */
export function sessionEnded<S extends Seen>(
  state: ResponseState<S>,
  key: string | undefined,
): ResponseState<S> {
  return { ...state, endedKey: key ?? state.endedKey, newest: undefined, change: { kind: 'clear' } }
}

/** Sets the cookie of a newer state, unless the session ended or another one started while the cookie was sealed. */
export function cookieSealed<S extends Seen>(
  state: ResponseState<S>,
  record: SessionRecord,
  cookie: string,
): ResponseState<S> {
  if (state.newest?.record.id !== record.id) return state
  return { ...state, change: { kind: 'set', cookie, record } }
}

/** Drops a cookie because its session has ended. A change that was made during the check stays. */
export function cookieRefused<S extends Seen>(
  state: ResponseState<S>,
  refused: CookieChange,
): ResponseState<S> {
  return state.change === refused ? { ...state, change: NO_CHANGE } : state
}

export function headersSent<S extends Seen>(state: ResponseState<S>): ResponseState<S> {
  return { ...state, areHeadersSent: true }
}

/** Returns the state of the session that the end of the request can extend or tidy up, if there is one. */
export function sessionToTouch<S extends Seen>({ newest, change }: ResponseState<S>): S | undefined {
  return newest && change.kind === 'none' && !newest.record.ledger.lease ? newest : undefined
}

/**
 * Returns whether the use of the session must be recorded, so that it does not expire.
 *
 * @param now - Seconds since the epoch.
 */
export function isTouchDue({ touchedAt }: SessionRecord, now: number, idleTimeoutSeconds: number): boolean {
  return now - touchedAt > idleTimeoutSeconds * TOUCH_SHARE
}
