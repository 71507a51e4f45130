import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { joinCookie } from '../../rules/sessions/cookies.ts'
import type { RevokedTokens } from '../../model/session-end.ts'
import { caughtUp, type SessionRecord, touched } from '../../model/session-record.ts'
import type { EndReason } from '../../vocabulary/index.ts'
import { createCookieWriter } from './cookie-writer.ts'
import { fingerprint } from '../runtime/digest.ts'
import { createPendingWork, type PendingWork } from '../runtime/background-work.ts'
import type { SignOut } from './pending-sign-outs.ts'
import type { TokenResult } from '../refresh/attempt.ts'
import type { MakeRecord, StartedSession } from './session-strategy.ts'
import {
  headersAlreadySent,
  ignoreStore,
  USE_SERVER_SESSION,
  type RequestSessionOptions,
} from './request-session-options.ts'

/** Manages the session of one request, and the cookies that its response must set. */
export interface RequestSession {
  /** The prefix of all Evertoken cookie names. `undefined` without a browser. */
  readonly cookieName: string | undefined
  find(): Promise<SessionHandle | undefined>
  /** Records a newer state of the session. */
  note(snapshot: Snapshot): void
  /** Records the result of a refresh that this request does not wait for, if it completes before the response. */
  startedInBackground(work: Promise<TokenResult<Snapshot>>): void
  /** Starts a session and replaces any previous one. If the cookie fits, calls `list` before the session is stored. */
  start(make: MakeRecord, list?: (record: SessionRecord) => Promise<void>): Promise<StartedSession>
  /** Sets the session that another request has started for the browser of this request. */
  adopt(started: StartedSession): Promise<void>
  /**
   * Ends the session and clears its cookie. If the store fails, Evertoken completes the end in the background.
   *
   * @param revoke - The tokens that the caller revokes next. Default: none.
   */
  end(reason: EndReason, revoke?: RevokedTokens): Promise<SignOut | undefined>
  /** @throws {ConfigurationError} If the response can no longer send a new generation to the browser. */
  beforeRefresh(): void
  /** @throws {ConfigurationError} If the cookie is so old that the session may have changed, unseen by the store. */
  beforeChange(): void
  /** Completes the request. Extends the session if needed, and cleans up after the browser has caught up. */
  settle(): Promise<void>
  /** Returns the `Set-Cookie` lines of the response. From then on, the headers are treated as sent. */
  takeCookies(): string[]
  /** Keeps work alive after the request is over. */
  readonly keepAlive: KeepAlive
}

/** The longest wait of a response for background refreshes, in milliseconds. Users notice longer waits. */
const BACKGROUND_MS = 3000
/** The share of the idle time in which Evertoken touches the session at most once. */
const TOUCH_SHARE = 0.1

export function createRequestSession(options: RequestSessionOptions): RequestSession {
  const { kind, cookies, cookieName, idleTimeoutSeconds, clock, emit, keepAlive } = options
  const { waitForBackground = false, isGrantAlive = () => true } = options
  const writer = createCookieWriter(options)
  const browser = kind.follow?.()
  let cell: SessionHandle | undefined
  let found: Promise<SessionHandle | undefined> | undefined
  let newest: Snapshot | undefined
  /** The ID of the session that this request has started. */
  let started: string | undefined
  /** The ID of the session that this request has ended. */
  let over: string | undefined
  let pending: { readonly cookie: string; readonly record: SessionRecord } | 'clear' | undefined
  let headersSent = false
  let background: PendingWork | undefined

  async function search(): Promise<SessionHandle | undefined> {
    const joined = joinCookie(cookieName, cookies)
    if (joined === undefined) return undefined
    const result = joined === 'incomplete' ? ({ rejected: joined } as const) : await kind.find(joined.value)
    if ('rejected' in result) {
      emit({ type: 'session_rejected', reason: result.rejected })
      return undefined
    }
    browser?.holds(result.generation)
    return (cell = result.cell)
  }

  const find = () => (found ??= search())

  function replace(next: SessionHandle | undefined): void {
    cell = next
    found = Promise.resolve(next)
    newest = undefined
  }

  function hold(next: SessionHandle, { record, cookie }: StartedSession): void {
    replace(next)
    browser?.holds(record.generation)
    started = record.id
    pending = { cookie, record }
  }

  function note(snapshot: Snapshot): void {
    // Late results of the previous session must not replace the session that was started.
    if (started !== undefined && snapshot.record.id !== started) return
    // A refresh that ends after a sign-out must not restore the cookie that was cleared.
    if (snapshot.record.id === over) return
    if (newest && snapshot.record.generation < newest.record.generation) return
    newest = snapshot
    browser?.observed()
  }

  async function finishBackground(): Promise<void> {
    // If the response cannot carry the result, it does not wait.
    if (!background || !waitForBackground || !browser || browser.isLate() || pending === 'clear') return
    await background.finish(BACKGROUND_MS)
  }

  async function touchOrTidy(kept: SessionHandle, now: Snapshot): Promise<void> {
    const { record } = now
    if (clock.now() - record.touchedAt > idleTimeoutSeconds * TOUCH_SHARE) {
      // After a sign-out, requests with a copied cookie must not keep the session alive.
      if (!isGrantAlive(kept, now, { beforeRefresh, background: startedInBackground, keepAlive }))
        return finishBackground()
      // If another process has changed the session, this swap fails, and the next request touches the session.
      const won = await kept.swap(now, touched(record, clock.now())).catch(ignoreStore)
      if (won) note(won)
    } else if (browser?.browserIsCurrent(now)) {
      keepAlive(kept.swap(now, caughtUp(record)).catch(ignoreStore))
    }
  }

  function startedInBackground(work: Promise<TokenResult<Snapshot>>): void {
    background ??= createPendingWork(clock)
    background.add(work.then((result) => result.kind === 'token' && note(result.snapshot)))
  }

  function beforeRefresh(): void {
    if (browser && (headersSent || browser.isLate()))
      throw headersAlreadySent('refresh the access token', USE_SERVER_SESSION)
  }

  /** Prepares the cookie for a newer state of the session. */
  async function sealNews(): Promise<void> {
    const news = newest
    if (!news || !browser?.mustSendCookie(news)) return
    const { record } = news
    const cookie = await browser.sealCookie(record)
    // During that time, this request might have signed the user out or in again.
    if (newest?.record.id === record.id) pending = { cookie, record }
  }

  /** Whether another request has ended the session. If the store fails, a session that this request started is sent. */
  async function isOver(record: SessionRecord): Promise<boolean> {
    try {
      return !(await cell?.readShared())
    } catch (error) {
      ignoreStore(error)
      return record.id !== started
    }
  }

  return {
    cookieName,
    find,
    keepAlive,
    note,
    startedInBackground,
    beforeRefresh,
    beforeChange() {
      if (browser?.isLate()) throw headersAlreadySent('change the session', USE_SERVER_SESSION)
    },
    async start(make, list) {
      if (headersSent) throw headersAlreadySent('start a session')
      const previous = await find().catch(() => undefined)
      const { cell: created, ...next } = await kind.create(make, keepAlive, async ({ cookie, record }) => {
        writer.check(cookie)
        await list?.(record)
      })
      // The new session is kept, even if the end of the previous one fails.
      if (previous) {
        const { ended } = await kind.pending.end(previous, () => previous.end('replaced'))
        keepAlive(ended.then((session) => session?.finish(false)).catch(() => undefined))
      }
      hold(created, next)
      emit({ type: 'session_started', session: fingerprint(created.key) })
      return next
    },
    async adopt(other) {
      const result = await kind.find(other.cookie)
      if ('cell' in result) hold(result.cell, other)
    },
    async end(reason, revoke) {
      const ending = await find()
      pending = 'clear'
      if (!ending) return undefined
      over = ending.key
      replace(undefined)
      return kind.pending.end(ending, () => ending.end(reason, revoke))
    },
    async settle() {
      await finishBackground()
      if (cell && newest && !pending && !newest.record.ledger.lease && !browser?.isLate())
        await touchOrTidy(cell, newest)
      if (cell && newest && !browser?.isLate()) await sealNews()
      // Check last. The user might have signed out or in during the encryption. The cookie must not undo that.
      const prepared = pending
      if (prepared && prepared !== 'clear' && (await isOver(prepared.record)) && pending === prepared)
        pending = undefined
    },
    takeCookies() {
      headersSent = true
      if (pending === 'clear') return writer.clear()
      return pending ? writer.keep(pending.cookie, pending.record) : []
    },
  }
}
