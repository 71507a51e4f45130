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
import {
  ConfigurationError,
  type EndReason,
  type EventListener,
  OperatorError,
  type RejectionReason,
} from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'
import type { SessionKind } from './session-kinds.ts'

/** The session of one request, and what its response has to tell the browser. */
export interface RequestSession {
  find(): Promise<SessionCell | undefined>
  /** Takes note of a newer state of the session. */
  note(snapshot: Snapshot): void
  /** Replaces whatever session there was. */
  start(record: SessionRecord): Promise<void>
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

export function createRequestSession(options: RequestSessionOptions): RequestSession {
  const { kind, cookies, cookieName, attributes, idleSeconds, clock, emit, keepAlive } = options
  let searched: Promise<void> | undefined
  let cell: SessionCell | undefined
  /** The generation that the browser holds. */
  let held: number | undefined
  let newest: Snapshot | undefined
  /** The id of the session that this request has started. */
  let started: string | undefined
  let pending: { readonly set: string; readonly expiresAt: number } | 'clear' | undefined
  let headersSent = false

  async function search(): Promise<void> {
    const joined = joinCookie(cookieName, cookies)
    if (joined === undefined) return
    const found =
      joined === 'incomplete' ? { rejected: joined as RejectionReason } : await kind.find(joined.value)
    if ('rejected' in found) return emit({ type: 'session_rejected', reason: found.rejected })
    cell = found.cell
    held = found.generation
  }

  async function find(): Promise<SessionCell | undefined> {
    await (searched ??= search())
    return cell
  }

  function cookieLines(value: string, expiresAt: number): string[] {
    const chunks = chunkCookie(cookieName, value)
    if (!chunks) {
      if (cell) emit({ type: 'cookie_too_large', session: fingerprint(cell.key) })
      return []
    }
    const lifetime = { ...attributes, maxAge: Math.max(0, expiresAt - clock.now()) }
    const stale = staleChunks(cookieName, cookies, chunks.length)
    return [
      ...chunks.map(([name, part]) => setCookie(name, part, lifetime)),
      ...stale.map((name) => clearCookie(name, attributes)),
    ]
  }

  function isNews(snapshot: Snapshot | undefined): snapshot is Snapshot {
    return held !== undefined && !!snapshot && snapshot.record.generation > held && !snapshot.record.claim
  }

  return {
    find,
    keepAlive,
    note(snapshot) {
      // What the previous session still brings must not take the place of the one that was started.
      if (started !== undefined && snapshot.record.id !== started) return
      if (!newest || snapshot.record.generation >= newest.record.generation) newest = snapshot
    },
    beforeRefresh() {
      if (headersSent && kind.inCookie) throw headersAlreadySent('refresh the access token')
    },
    async start(record) {
      if (headersSent) throw headersAlreadySent('start a session')
      const previous = await find().catch(() => undefined)
      const created = await kind.create(record)
      if (!chunkCookie(cookieName, created.cookie)) throw tooLarge()
      // The new session stands whatever becomes of the old one.
      await previous?.end('signed_out').catch(ignoreStore)
      cell = created.cell
      held = kind.inCookie ? record.generation : undefined
      newest = undefined
      started = record.id
      pending = { set: created.cookie, expiresAt: record.expiresAt }
      emit({ type: 'session_started', session: fingerprint(cell.key) })
    },
    async end(reason) {
      const ending = await find()
      const last = await ending?.end(reason)
      pending = 'clear'
      if (!ending) return undefined
      cell = undefined
      newest = undefined
      if (last) emit({ type: 'session_ended', session: fingerprint(ending.key), reason })
      return last
    },
    async settle() {
      if (!cell || !newest || newest.record.claim || pending) return
      const { record, stored } = newest
      if (clock.now() - record.touchedAt > idleSeconds * TOUCH_SHARE) {
        // Lost to somebody who knows better: the next request touches.
        newest = (await cell.swap(newest, touched(record, clock.now())).catch(ignoreStore)) ?? newest
      } else if (stored !== undefined && record.generation === held && !record.caughtUp) {
        keepAlive(cell.swap(newest, caughtUp(record)).catch(ignoreStore))
      }
    },
    takeCookies() {
      headersSent = true
      if (pending === 'clear') {
        const names = [cookieName, ...staleChunks(cookieName, cookies, 1)]
        return names.filter((name) => cookies.has(name)).map((name) => clearCookie(name, attributes))
      }
      if (isNews(newest)) return cookieLines(newest.sealed, newest.record.expiresAt)
      return pending ? cookieLines(pending.set, pending.expiresAt) : []
    },
  }
}

/** Housekeeping may fail with the store, which has said so by an event; a fault of ours may not. */
function ignoreStore(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
}

function headersAlreadySent(what: string): ConfigurationError {
  const message =
    `Cannot ${what}: the response headers are already sent and this session lives in a cookie; ` +
    'ask for the token before the response starts, or keep sessions on the server ("session": "server")'
  return new ConfigurationError('headers_already_sent', message)
}

function tooLarge(): ConfigurationError {
  const message =
    'Cannot keep the session in a cookie: its tokens and claims are too large; keep sessions on the server ("session": "server")'
  return new ConfigurationError('session_too_large', message)
}
