import type { Clock } from '../ports/clock.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import {
  chunkCookie,
  clearCookie,
  type CookieAttributes,
  joinCookie,
  setCookie,
  staleChunks,
} from '../rules/cookies.ts'
import { caughtUp, type SessionRecord, touched } from '../rules/session-record.ts'
import { ConfigurationError, type EndReason, type EventListener, OperatorError } from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'
import { endCell } from './end-cell.ts'
import type { SessionKind } from './session-kinds.ts'

/** The session of one request, and what its response has to tell the browser. */
export interface RequestSession {
  find(): Promise<SessionCell | undefined>
  /** Takes note of a newer state of the session. */
  note(snapshot: Snapshot): void
  /** Replaces whatever session there was. */
  start(make: (id: string) => Promise<SessionRecord>): Promise<void>
  end(reason: EndReason): Promise<SessionRecord | undefined>
  /** @throws ConfigurationError when the browser could no longer be told of a new generation. */
  beforeRefresh(): void
  /** What is due at the end of a request: sliding expiry, and tidying up after the browser has caught up. */
  settle(): Promise<void>
  /** The `Set-Cookie` lines of the response; the headers count as sent from here on. */
  takeCookies(): string[]
  /** Keeps work alive when the request is over. */
  readonly keepAlive: KeepAlive
}

export interface RequestSessionOptions {
  readonly kind: SessionKind
  readonly cookies: ReadonlyMap<string, string>
  readonly cookieName: string
  readonly attributes: CookieAttributes
  readonly idleSeconds: number
  readonly clock: Clock
  readonly emit: EventListener
  readonly keepAlive: KeepAlive
}

/** The session is touched at most once in this share of the idle time. */
const TOUCH_SHARE = 0.1
/**
 * Responses overtake each other, and the last one to arrive decides which cookie the browser holds. What was learned
 * longer ago than `NEWS_MS` is not told any more, and a generation counts as caught up with only when all that could
 * replace it by an older one has arrived, with a minute and more for requests and responses on their way.
 */
const NEWS_MS = 30_000
const CAUGHT_UP_SECONDS = 120
/**
 * A cookie that was read longer ago may have been replaced since, and the store have forgotten what replaced it: its
 * refresh token may be spent. Below `LATE_REQUEST_SECONDS` by the minutes that clocks differ.
 */
const LATE_MS = 600_000

export function createRequestSession(options: RequestSessionOptions): RequestSession {
  const { kind, cookies, cookieName, attributes, idleSeconds, clock, emit, keepAlive } = options
  const arrivedAt = clock.now()
  const openedAt = clock.elapsed()
  let cell: SessionCell | undefined
  /** The same, once it is searched for. */
  let found: Promise<SessionCell | undefined> | undefined
  /** The generation that the browser holds. */
  let held: number | undefined
  let newest: Snapshot | undefined
  /** By the monotonic clock, in milliseconds. */
  let notedAt = 0
  /** The id of the session that this request has started. */
  let started: string | undefined
  /** The cookie of `newest`, where it is news. */
  let news: string | undefined
  let pending: { readonly set: string; readonly record: SessionRecord } | 'clear' | undefined
  let headersSent = false

  async function search(): Promise<SessionCell | undefined> {
    const joined = joinCookie(cookieName, cookies)
    if (joined === undefined) return undefined
    const result = joined === 'incomplete' ? ({ rejected: joined } as const) : await kind.find(joined.value)
    if ('rejected' in result) emit({ type: 'session_rejected', reason: result.rejected })
    else ({ cell, generation: held } = result)
    return cell
  }

  function find(): Promise<SessionCell | undefined> {
    return (found ??= search())
  }

  function replace(next: SessionCell | undefined): void {
    cell = next
    found = Promise.resolve(next)
    newest = undefined
  }

  function cookieLines(value: string, { id, expiresAt }: SessionRecord): string[] {
    const chunks = chunkCookie(cookieName, value)
    if (!chunks) emit({ type: 'cookie_too_large', session: fingerprint(id) })
    if (!chunks) return []
    const lifetime = { ...attributes, maxAge: Math.max(0, expiresAt - clock.now()) }
    return [
      ...chunks.map(([name, part]) => setCookie(name, part, lifetime)),
      ...staleChunks(cookieName, cookies, chunks.length).map((name) => clearCookie(name, attributes)),
    ]
  }

  function isNews(snapshot: Snapshot | undefined): snapshot is Snapshot {
    if (held === undefined || !snapshot || snapshot.record.claim) return false
    return snapshot.record.generation > held && clock.elapsed() - notedAt <= NEWS_MS
  }

  function hasCaughtUp({ record, stored }: Snapshot): boolean {
    const isHeld = stored !== undefined && record.generation === held && !record.caughtUp
    if (!isHeld || kind.allStored || record.inDoubt) return false
    return arrivedAt - record.touchedAt > CAUGHT_UP_SECONDS
  }

  function note(snapshot: Snapshot): void {
    // What the previous session still brings must not take the place of the one that was started.
    if (started !== undefined && snapshot.record.id !== started) return
    if (newest && snapshot.record.generation < newest.record.generation) return
    newest = snapshot
    notedAt = clock.elapsed()
  }

  function isLate(): boolean {
    return kind.inCookie && clock.elapsed() - openedAt > LATE_MS
  }

  async function keepHouse(kept: SessionCell, now: Snapshot): Promise<void> {
    const { record } = now
    if (clock.now() - record.touchedAt > idleSeconds * TOUCH_SHARE) {
      // Lost to somebody who knows better: the next request touches.
      const won = await kept.swap(now, touched(record, clock.now())).catch(ignoreStore)
      if (won) note(won)
    } else if (hasCaughtUp(now)) {
      keepAlive(kept.swap(now, caughtUp(record)).catch(ignoreStore))
    }
  }

  return {
    find,
    keepAlive,
    note,
    beforeRefresh() {
      if ((headersSent && kind.inCookie) || isLate()) throw headersAlreadySent('refresh the access token')
    },
    async start(make) {
      if (headersSent) throw headersAlreadySent('start a session')
      const previous = await find().catch(() => undefined)
      const name = await kind.newName()
      const record = await make(name.id)
      const created = await kind.create(record, name)
      if (!chunkCookie(cookieName, created.cookie)) throw tooLarge()
      // The new session stands whatever becomes of the old one.
      await endCell(previous, 'replaced', emit).catch(ignoreStore)
      replace(created.cell)
      held = kind.inCookie ? record.generation : undefined
      started = record.id
      pending = { set: created.cookie, record }
      emit({ type: 'session_started', session: fingerprint(created.cell.key) })
    },
    async end(reason) {
      const ending = await find()
      const last = await endCell(ending, reason, emit)
      pending = 'clear'
      if (ending) replace(undefined)
      return last
    },
    async settle() {
      if (!cell || !newest || isLate()) return
      if (!pending && !newest.record.claim) await keepHouse(cell, newest)
      // Who has signed out or in anew since must not get the cookie of this session back.
      if (isNews(newest) && (await cell.read().catch(ignoreStore))) news = await kind.cookieFor(newest.record)
    },
    takeCookies() {
      headersSent = true
      if (pending === 'clear') {
        const names = [cookieName, ...staleChunks(cookieName, cookies, 1)]
        return names.filter((name) => cookies.has(name)).map((name) => clearCookie(name, attributes))
      }
      if (news !== undefined && newest) return cookieLines(news, newest.record)
      return pending ? cookieLines(pending.set, pending.record) : []
    },
  }
}

/** Housekeeping may fail with the store, which has said so by an event; a fault of ours may not. */
function ignoreStore(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
}

function headersAlreadySent(what: string): ConfigurationError {
  const message = `Cannot ${what} after the response headers are sent: do it earlier, or use the option "session": "server"`
  return new ConfigurationError('headers_already_sent', message)
}

function tooLarge(): ConfigurationError {
  const message = 'Cannot keep so large a session in a cookie: use the option "session": "server"'
  return new ConfigurationError('session_too_large', message)
}
