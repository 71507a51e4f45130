import type { KeepAlive } from '../ports/runtime.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { joinCookie } from '../rules/cookies.ts'
import type { RevokedTokens } from '../rules/session-end.ts'
import { caughtUp, type SessionRecord, touched } from '../rules/session-record.ts'
import type { EndReason } from '../vocabulary/index.ts'
import { createCookieWriter } from './cookie-writer.ts'
import { fingerprint } from './digest.ts'
import { createPendingWork, type PendingWork } from './pending-work.ts'
import type { SignOut } from './pending-sign-outs.ts'
import type { TokenResult } from './refresh/attempt.ts'
import type { MakeRecord, StartedSession } from './session-kind.ts'
import { headersAlreadySent, ignoreStore, USE_SERVER_SESSION } from './request-session-errors.ts'
import type { BackgroundCall, RequestSessionOptions } from './request-session-options.ts'

/** The session of one request, and what its response has to tell the browser. */
export interface RequestSession {
  /** With which the names of all cookies of Evertoken begin; `undefined` if there is no browser. */
  readonly cookieName: string | undefined
  find(): Promise<SessionCell | undefined>
  /** Takes note of a newer state of the session. */
  note(snapshot: Snapshot): void
  /** Takes note of the result of a refresh that this request does not wait for, if it comes before the response. */
  startedInBackground(work: Promise<TokenResult>): void
  /** Replaces whatever session there was. `list` comes before it is stored, and only if its cookie fits. */
  start(make: MakeRecord, list?: (record: SessionRecord) => Promise<void>): Promise<StartedSession>
  /** Gives the browser of this request a session that another request has started for it. */
  adopt(started: StartedSession): Promise<void>
  /**
   * Ends the session and clears its cookie, also if the store fails: the end is then completed in the background.
   *
   * @param revoke - Which tokens the caller revokes next. Default: none.
   */
  end(reason: EndReason, revoke?: RevokedTokens): Promise<SignOut | undefined>
  /** @throws ConfigurationError when the browser could no longer be told of a new generation. */
  beforeRefresh(): void
  /** @throws {ConfigurationError} If the cookie is so old that the session may have changed since, unseen by the store. */
  beforeChange(): void
  /** What is due at the end of a request: sliding expiry, and tidying up after the browser has caught up. */
  settle(): Promise<void>
  /** The `Set-Cookie` lines of the response; the headers count as sent from here on. */
  takeCookies(): string[]
  /** Keeps work alive when the request is over. */
  readonly keepAlive: KeepAlive
}

export type { BackgroundCall, RequestSessionOptions }

/** The longest time that a response waits for refreshes in the background. A user notices longer waits. */
const BACKGROUND_MS = 3000
/** The session is touched at most once in this share of the idle time. */
const TOUCH_SHARE = 0.1

export function createRequestSession(options: RequestSessionOptions): RequestSession {
  const { kind, cookies, cookieName, idleSeconds, clock, emit, keepAlive } = options
  const { waitForBackground = false, isGrantAlive = () => true } = options
  const writer = createCookieWriter(options)
  const browser = kind.follow?.()
  let cell: SessionCell | undefined
  let found: Promise<SessionCell | undefined> | undefined
  let newest: Snapshot | undefined
  /** The id of the session that this request has started. */
  let started: string | undefined
  /** The id of the session that this request has ended. */
  let over: string | undefined
  let pending: { readonly cookie: string; readonly record: SessionRecord } | 'clear' | undefined
  let headersSent = false
  let background: PendingWork | undefined

  async function search(): Promise<SessionCell | undefined> {
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

  function find(): Promise<SessionCell | undefined> {
    return (found ??= search())
  }

  function replace(next: SessionCell | undefined): void {
    cell = next
    found = Promise.resolve(next)
    newest = undefined
  }

  function hold(next: SessionCell, { record, cookie }: StartedSession): void {
    replace(next)
    browser?.holds(record.generation)
    started = record.id
    pending = { cookie, record }
  }

  function note(snapshot: Snapshot): void {
    // What the previous session still brings must not take the place of the one that was started.
    if (started !== undefined && snapshot.record.id !== started) return
    // A refresh that ends after a sign-out must not restore the cookie that was cleared.
    if (snapshot.record.id === over) return
    if (newest && snapshot.record.generation < newest.record.generation) return
    newest = snapshot
    browser?.noted()
  }

  async function finishBackground(): Promise<void> {
    // If the response cannot carry the result, it does not wait.
    if (!background || !waitForBackground || !browser || browser.isLate() || pending === 'clear') return
    await background.finish(BACKGROUND_MS)
  }

  async function keepHouse(kept: SessionCell, now: Snapshot): Promise<void> {
    const { record } = now
    if (clock.now() - record.touchedAt > idleSeconds * TOUCH_SHARE) {
      // A copy of the cookie of a session that was signed out must not stay alive by its use.
      if (!isGrantAlive(kept, now, { beforeRefresh, background: startedInBackground, keepAlive }))
        return finishBackground()
      // Lost to somebody who knows better: the next request touches.
      const won = await kept.swap(now, touched(record, clock.now())).catch(ignoreStore)
      if (won) note(won)
    } else if (browser?.hasCaughtUp(now)) {
      keepAlive(kept.swap(now, caughtUp(record)).catch(ignoreStore))
    }
  }

  function startedInBackground(work: Promise<TokenResult>): void {
    background ??= createPendingWork(clock)
    background.add(work.then((result) => 'token' in result && note(result.snapshot)))
  }

  function beforeRefresh(): void {
    if (browser && (headersSent || browser.isLate()))
      throw headersAlreadySent('refresh the access token', USE_SERVER_SESSION)
  }

  /** Prepares the cookie for a newer state of the session. */
  async function sealNews(): Promise<void> {
    const news = newest
    if (!news || !browser?.isNews(news)) return
    const { record } = news
    const cookie = await browser.textOf(record)
    // During that time, this request might have signed the user out or in again.
    if (newest?.record.id === record.id) pending = { cookie, record }
  }

  /** By another request. A session that this request has started is sent, unless the store knows that it is over. */
  async function isOver(record: SessionRecord): Promise<boolean> {
    try {
      return !(await cell?.read())
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
      // The new session stands whatever becomes of the old one.
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
      if (cell && newest && !pending && !newest.record.lease && !browser?.isLate())
        await keepHouse(cell, newest)
      if (cell && newest && !browser?.isLate()) await sealNews()
      // Asked last: the user might have signed out, or in again, while the cookie was sealed. It must not replace the new state.
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
