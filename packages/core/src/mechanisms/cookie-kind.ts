import type { SessionRecord } from '../rules/session-record.ts'
import { type CookieSession, createCookieCell, MAX_RECORD_BYTES } from './cookie-cell.ts'
import { randomId } from './digest.ts'
import { createGenerations } from './generations.ts'
import type { SealedRecords } from './sealed-records.ts'
import { createCellOptions, insert, type SessionKind, type SessionKindOptions } from './session-kind.ts'

export interface CookieKindOptions extends SessionKindOptions {
  /** Encrypts cookies. The key differs from that of the store, so that no stored record is a valid cookie. */
  readonly cookies: SealedRecords
  /** Whether the store also holds every session for its whole lifetime, so that it can be ended without the browser. */
  readonly allStored?: boolean
  /** The maximum size of a record as JSON, in bytes, so that its cookies fit into their budget. */
  readonly maxRecordBytes?: number
}

/** Creates the kind of session that encrypted cookies carry. */
export function createCookieKind(options: CookieKindOptions): SessionKind {
  const { cookies, clock, allStored = false, maxRecordBytes = MAX_RECORD_BYTES } = options
  // Responses can arrive in a different order. They set the same text, so that their chunks fit together.
  const texts = new WeakMap<SessionRecord, string>()
  const cells = createCellOptions(options)
  const cellOf = (session: CookieSession) => createCookieCell(session, cells, maxRecordBytes)
  const carriedBy = (record: SessionRecord) => cellOf({ key: record.id, carried: record, allStored })

  async function textOf(record: SessionRecord): Promise<string> {
    const text = texts.get(record) ?? (await cookies.seal(record)).sealed
    texts.set(record, text)
    return text
  }

  return {
    pending: cells.pending,
    byKey: () => undefined,
    stored(key, expiresAt) {
      const known = expiresAt === undefined ? undefined : unseen(key, expiresAt)
      return cellOf({ key, carried: known, allStored })
    },
    async find(cookie) {
      const opened = await cookies.open(cookie)
      if ('rejected' in opened) return opened
      const { record } = opened
      return { cell: carriedBy(record), generation: record.generation }
    },
    async create(make, _keepAlive, prepare) {
      const record = await make(randomId(), maxRecordBytes)
      const started = { record, cookie: await textOf(record) }
      await prepare?.(started)
      if (allStored) await insert(record, options)
      return { cell: carriedBy(record), ...started }
    },
    follow: () => createGenerations({ clock, allStored, textOf }),
  }
}

/** Creates a placeholder for a session of which only the key is known. It is enough to write the tombstone. */
function unseen(id: string, expiresAt: number): SessionRecord {
  return { id, issuer: '', generation: 0, expiresAt, touchedAt: 0, claims: {}, tokens: {}, attempt: 0 }
}
