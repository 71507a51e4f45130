import { type CookieMap, createCookieMap } from '@evertoken/testkit'
import { createCookieStrategy } from '../../src/mechanisms/sessions/cookie-sessions.ts'
import { createChunkedCookie } from '../../src/mechanisms/sessions/chunked-cookie.ts'
import { createRequestSession, type RequestSession } from '../../src/mechanisms/sessions/request-session.ts'
import { createServerStrategy } from '../../src/mechanisms/sessions/server-sessions.ts'
import type { SessionHandle, Snapshot } from '../../src/ports/session-handle.ts'
import { type SessionRecord, touch } from '../../src/model/session-record.ts'
import { type Bench, IDLE, REGISTRATION, won } from './bench.ts'

export const NAME = '__Host-Http-evertoken'

/** A browser, and the requests that send its cookies. */
export interface Browser {
  readonly cookies: CookieMap
  /** A request with the current cookies, or with other ones. */
  request(shown?: ReadonlyMap<string, string>): RequestSession
  /** Keeps the cookies of the response. Resolves to its `Set-Cookie` lines. */
  receive(session: RequestSession): Promise<string[]>
  signIn(record: SessionRecord): Promise<void>
  /** The work that was passed to `keepAlive`. */
  kept(): Promise<unknown>
}

export function createBrowser(bench: Bench, kind: 'cookie' | 'server' = 'cookie'): Browser {
  const cookies = createCookieMap()
  const kept: Promise<unknown>[] = []
  const { sealedStore, cookies: sealedCookies, mac, clock, emit } = bench
  const create = kind === 'cookie' ? createCookieStrategy : createServerStrategy
  const strategy = create({
    sealedStore,
    cookies: sealedCookies,
    mac,
    clock,
    idleTimeoutSeconds: IDLE,
    emit,
    registration: REGISTRATION,
  })

  const browser: Browser = {
    cookies,
    request: (shown = cookies) =>
      createRequestSession({
        strategy,
        cookie: createChunkedCookie(
          { received: new Map(shown), cookieName: NAME, attributes: { secure: true, sameSite: 'Lax' } },
          clock,
          emit,
        ),
        touch: { idleTimeoutSeconds: IDLE },
        clock,
        emit,
        keepAlive: (work) => void kept.push(work),
      }),
    async receive(session) {
      await session.finishRequest()
      const lines = session.takeCookies()
      cookies.keep(lines)
      return lines
    },
    async signIn(record) {
      const session = browser.request()
      await session.start(named(record))
      await browser.receive(session)
    },
    kept: () => Promise.all(kept),
  }
  return browser
}

/** A record under the id that the session gets. */
export function named(record: SessionRecord): (id: string) => Promise<SessionRecord> {
  return (id) => Promise.resolve({ ...record, id })
}

export async function cellOf(session: RequestSession): Promise<SessionHandle> {
  const cell = await session.find()
  if (!cell) throw new Error('The session is missing')
  return cell
}

export async function use(session: RequestSession): Promise<Snapshot> {
  const snapshot = await (await cellOf(session)).read()
  if (!snapshot) throw new Error('The session is over')
  session.observe(snapshot)
  return snapshot
}

/** Changes a session like a refresh: the next generation. */
export async function advance(
  session: RequestSession,
  change: Partial<SessionRecord> = {},
): Promise<Snapshot> {
  const now = await use(session)
  const handle = await cellOf(session)
  return won(await handle.swap(now, { ...touch(now.record, now.record.touchedAt), ...change }))
}
