import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import {
  cookieRefused,
  cookieSealed,
  headersSent,
  observe as observed,
  type ResponseState,
  sessionEnded,
  sessionStarted,
  sessionToTouch,
  UNUSED,
} from '../../rules/sessions/response-state.ts'
import type { RevokedTokens } from '../../model/session-end.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import type { EndReason } from '../../vocabulary/index.ts'
import { headersAlreadySent } from './browser-cookie.ts'
import { fingerprint } from '../runtime/digest.ts'
import { createPendingWork, type PendingWork } from '../runtime/background-work.ts'
import type { SignOut } from './pending-sign-outs.ts'
import type { TokenResult } from '../refresh/attempt.ts'
import { replaceSession, type ReplaceSessionOptions } from './replace-session.ts'
import type { MakeRecord, SessionStart, StartedSession } from './session-strategy.ts'
import { ignoreStore } from './stored-session.ts'
import { touchOrTidy, type TouchPolicy } from './touch-session.ts'

/** Manages the session of one request, and the cookies that its response must set. */
export interface RequestSession {
  /** The prefix of all Evertoken cookie names. `undefined` without a browser. */
  readonly cookieName: string | undefined
  find(): Promise<SessionHandle | undefined>
  /** Whether `find` or `start` has found a session, even if it has ended since then. */
  hadSession(): boolean
  /** Records a newer state of the session. */
  observe(snapshot: Snapshot): void
  /**
   * Records the result of a refresh that this request does not wait for, if it completes before the response. It must handle a
   * rejection: no caller waits for this promise, and Node.js ends a process with an unhandled rejection. Absent without a
   * response.
   */
  readonly startedInBackground?: ((work: Promise<TokenResult<Snapshot>>) => void) | undefined
  /** Starts a session and replaces any previous one. */
  start(make: MakeRecord, options?: SessionStart): Promise<StartedSession>
  /** Sets the session that another request has started for the browser of this request. */
  adopt(started: StartedSession): Promise<void>
  /**
   * Ends the session and clears its cookie. If the store fails, Evertoken completes the end in the background.
   *
   * @param revoke - The tokens that the caller revokes next. Default: none.
   */
  end(reason: EndReason, revoke?: RevokedTokens): Promise<SignOut | undefined>
  /**
   * Absent if no refresh needs a new cookie.
   *
   * @throws {ConfigurationError} If the response can no longer send a new generation to the browser.
   */
  readonly beforeRefresh?: (() => void) | undefined
  /** @throws {ConfigurationError} If the cookie is so old that the session may have changed, unseen by the store. */
  beforeChange(): void
  /** Extends the session if needed, prepares its cookie, and cleans up after the browser has caught up. */
  finishRequest(): Promise<void>
  /** Returns the `Set-Cookie` lines of the response. From then on, the headers are treated as sent. */
  takeCookies(): string[]
  /** Keeps work alive after the request is over. */
  readonly keepAlive: KeepAlive
}

export interface RequestSessionOptions extends ReplaceSessionOptions {
  readonly touch: TouchPolicy
  /**
   * Whether the response waits for background refreshes, so that the cookie carries their result. Default: false.
   * Set it if a restart of this process loses the store. Otherwise the cookie would keep a spent refresh token.
   */
  readonly waitForBackground?: boolean
}

/** The longest wait of a response for background refreshes, in milliseconds. Users notice longer waits. */
const BACKGROUND_MS = 3000

export function createRequestSession(options: RequestSessionOptions): RequestSession {
  const { strategy, cookie, touch, clock, emit, keepAlive, waitForBackground = false } = options
  const tracker = strategy.trackBrowser?.()
  let state: ResponseState<Snapshot> = UNUSED
  let current: Promise<SessionHandle | undefined> | undefined
  let background: PendingWork | undefined
  let hadSession = false

  const find = () => (current ??= search())

  async function search(): Promise<SessionHandle | undefined> {
    const received = cookie.read()
    if (received === undefined) return undefined
    const result = received === 'incomplete' ? { rejected: received } : await strategy.find(received.value)
    if ('rejected' in result) {
      emit({ type: 'session_rejected', reason: result.rejected })
      return undefined
    }
    tracker?.holds(result.generation)
    hadSession = true
    return result.handle
  }

  function replaceBy(handle: SessionHandle, started: StartedSession): void {
    current = Promise.resolve(handle)
    hadSession = true
    tracker?.holds(started.record.generation)
    state = sessionStarted(state, started)
  }

  function observe(snapshot: Snapshot): void {
    state = observed(state, snapshot)
    if (state.newest === snapshot) tracker?.observed()
  }

  function startedInBackground(work: Promise<TokenResult<Snapshot>>): void {
    background ??= createPendingWork(clock)
    background.add(work.then((result) => result.kind === 'token' && observe(result.snapshot)))
  }

  function beforeRefresh(): void {
    if (state.areHeadersSent || tracker?.isLate()) throw headersAlreadySent('refresh the access token', true)
  }

  async function finishBackground(): Promise<void> {
    // If the response cannot carry the result, it does not wait.
    if (!waitForBackground || !tracker || tracker.isLate() || state.change.kind === 'clear') return
    await background?.finish(BACKGROUND_MS)
  }

  async function touchSession(): Promise<void> {
    const seen = sessionToTouch(state)
    const handle = seen && (await find())
    if (!handle) return
    const call = { beforeRefresh: tracker && beforeRefresh, background: startedInBackground, keepAlive }
    const result = await touchOrTidy(handle, seen, touch, tracker, call, clock)
    if (result === 'refreshing') await finishBackground()
    else if (result) observe(result)
  }

  /** Prepares the cookie for a newer state of the session. */
  async function sealNewest(): Promise<void> {
    const { newest } = state
    if (!newest || !tracker?.mustSendCookie(newest)) return
    const value = await tracker.sealCookie(newest.record)
    state = cookieSealed(state, newest.record, value)
  }

  /** Whether the session has ended. If the store fails, the cookie of a session that this request started is set. */
  async function isOver(record: SessionRecord): Promise<boolean> {
    try {
      return !(await (await find())?.readShared())
    } catch (error) {
      ignoreStore(error)
      return record.id !== state.startedKey
    }
  }

  return {
    cookieName: cookie.name,
    find,
    hadSession: () => hadSession,
    keepAlive,
    observe,
    startedInBackground,
    beforeRefresh: tracker && beforeRefresh,
    beforeChange() {
      if (tracker?.isLate()) throw headersAlreadySent('change the session', true)
    },
    async start(make, start = {}) {
      if (state.areHeadersSent) throw headersAlreadySent('start a session')
      const previous = (await find().catch(() => undefined)) ?? start.hidden
      const { handle, ...started } = await replaceSession(make, previous, start, options)
      replaceBy(handle, started)
      emit({ type: 'session_started', session: fingerprint(handle.key) })
      return started
    },
    async adopt(other) {
      const result = await strategy.find(other.cookie)
      if ('handle' in result) replaceBy(result.handle, other)
    },
    async end(reason, revoke) {
      const ending = await find()
      state = sessionEnded(state, ending?.key)
      if (!ending) return undefined
      current = Promise.resolve(undefined)
      return strategy.pending.end(ending, () => ending.end(reason, revoke))
    },
    async finishRequest() {
      await finishBackground()
      if (!tracker?.isLate()) await touchSession()
      if (!tracker?.isLate()) await sealNewest()
      // Check last. The user might have signed out or in during the encryption. The cookie must not undo that.
      const { change } = state
      if (change.kind === 'set' && (await isOver(change.record))) state = cookieRefused(state, change)
    },
    takeCookies() {
      state = headersSent(state)
      const { change } = state
      if (change.kind === 'set') return cookie.keep(change.cookie, change.record)
      return change.kind === 'clear' ? cookie.clear() : []
    },
  }
}
