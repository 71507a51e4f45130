import type { Registration, SessionRecord } from '../../model/session-record.ts'
import { randomId } from '../runtime/digest.ts'
import { createBrowserCookieTracker } from './browser-cookie-tracker.ts'
import type { SealedRecords } from './sealed-store.ts'
import { EMPTY_LEDGER } from '../../model/token-ledger.ts'
import {
  createHandleOptions,
  type HandleOptions,
  insert,
  type SessionStrategy,
  type SessionStrategyOptions,
} from './session-strategy.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import { createStoredHandle, storedUntil } from './stored-session.ts'

export interface CookieStrategyOptions extends SessionStrategyOptions {
  /** Encrypts cookies. The key differs from that of the store, so that no stored record is a valid cookie. */
  readonly cookies: SealedRecords
  /** The registration of new sessions. */
  readonly registration: Registration
  /** Whether the store also holds every session for its whole lifetime, so that it can be ended without the browser. */
  readonly allStored?: boolean
  /**
   * Whether a session that its cookie shows as not listed is accepted without its record. It began before the store held all
   * sessions.
   */
  readonly acceptsUnlisted?: boolean
  /** The maximum size of a record as JSON, in bytes, so that its cookies fit into their budget. */
  readonly maxRecordBytes?: number
}

/** Creates the kind of session that encrypted cookies carry. */
export function createCookieStrategy(options: CookieStrategyOptions): SessionStrategy {
  const { cookies, clock, registration, allStored = false, acceptsUnlisted = false, pollMs } = options
  const { maxRecordBytes = MAX_RECORD_BYTES } = options
  // Responses can arrive in a different order. They set the same text, so that their chunks fit together.
  const texts = new WeakMap<SessionRecord, string | Promise<string>>()
  const shared = createHandleOptions(options)
  const handleOf = (session: CookieSession) => createCookieHandle(session, shared, maxRecordBytes)

  function carriedBy(record: SessionRecord): SessionHandle {
    const isStored = allStored && (record.isIndexed === true || !acceptsUnlisted)
    return handleOf({ key: record.id, carried: record, allStored: isStored })
  }

  async function sealCookie(record: SessionRecord): Promise<string> {
    const known = texts.get(record)
    if (known !== undefined) return known
    const sealing = cookies.seal(record).then(({ sealed }) => sealed)
    if (pollMs === undefined) {
      texts.set(record, sealing)
      return sealing
    }
    const text = await sealing
    // Another request might have been faster.
    const first = texts.get(record) ?? text
    texts.set(record, first)
    return first
  }

  return {
    pending: shared.pending,
    byKey: () => undefined,
    stored(key, expiresAt) {
      const known = expiresAt === undefined ? undefined : unseen(key, expiresAt, registration)
      return handleOf({ key, carried: known, allStored })
    },
    async find(cookie) {
      const opened = await cookies.open(cookie)
      if ('rejected' in opened) return opened
      const { record } = opened
      return { handle: carriedBy(record), generation: record.generation }
    },
    async create(make, _keepAlive, prepare) {
      const record = await make(randomId(), maxRecordBytes)
      const started = { record, cookie: await sealCookie(record) }
      await prepare?.(started)
      // The end of the previous session names the new one, which must be found if its cookie is lost.
      if (allStored || record.isContinued) await insert(record, options)
      return { handle: carriedBy(record), ...started }
    },
    trackBrowser: () => createBrowserCookieTracker({ clock, allStored, sealCookie }),
  }
}

/** Creates a placeholder for a session of which only the key is known. It is enough to write the tombstone. */
function unseen(id: string, expiresAt: number, { issuer, clientId }: Registration): SessionRecord {
  const ledger = EMPTY_LEDGER
  return { id, issuer, clientId, generation: 0, expiresAt, touchedAt: 0, claims: {}, ledger }
}

/**
 * How long requests may still arrive with a cookie that the browser has already replaced, in seconds. The clock that
 * measures this may be minutes behind the clock of the store.
 */
const LATE_REQUEST_SECONDS = 900

/** The largest record that fits into the chunks of a cookie, in bytes. Encryption makes the record a third longer. */
export const MAX_RECORD_BYTES = 11_000

/** How long an expired session keeps its tombstone after its end, in seconds. The revocation that follows needs it. */
const TOMBSTONE_SECONDS = 300

export interface CookieSession {
  readonly key: string
  /** The session that the cookie carries. `undefined` if only the store can hold the session. */
  readonly carried: SessionRecord | undefined
  /** Whether the store holds every session. If so, a session that is missing from the store has ended. */
  readonly allStored: boolean
}

/**
 * Creates the handle of a session in an encrypted cookie.
 *
 * A browser cannot compare and swap. The store therefore holds the newest generation until the browser has caught up.
 * After the session ends, the store holds a tombstone, which makes the cookie invalid.
 */
export function createCookieHandle(
  { key, carried, allStored }: CookieSession,
  options: HandleOptions,
  maxRecordBytes: number = MAX_RECORD_BYTES,
): SessionHandle {
  return createStoredHandle(key, options, {
    isOnlyInStore: allStored,
    maxRecordBytes: Math.min(maxRecordBytes, MAX_RECORD_BYTES),
    carried,
    newest(held) {
      if (!held) return allStored ? undefined : carried
      if (!carried || held.ended || held.generation >= carried.generation) return held
      // The store held the generation of the cookie before any browser could receive it.
      options.sealedStore.reportWentBack?.(carried)
      return carried
    },
    tombstoneUntil: (record) => Math.max(record.expiresAt, options.clock.now() + TOMBSTONE_SECONDS),
    keepUntil(record) {
      const over = storedUntil(record, options.idleTimeoutSeconds)
      if (!record.browserIsCurrent) return over
      return Math.min(over, Math.max(options.clock.now(), record.touchedAt) + LATE_REQUEST_SECONDS)
    },
  })
}
