import type { Clock } from '../ports/clock.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { type EventListener, OperatorError, type RejectionReason } from '../vocabulary/index.ts'
import { createBoundedMap } from './bounded-map.ts'
import { createCookieCell } from './cookie-cell.ts'
import { createServerCell } from './server-cell.ts'
import { fingerprint, randomId, sha256 } from './digest.ts'
import type { SealedRecords } from './sealed-records.ts'
import type { Vault } from './vault.ts'

/** A session that a cookie led to. */
export interface Found {
  readonly cell: SessionCell
  /** The generation that the cookie itself carries, where it carries the session. */
  readonly generation?: number
}

/** The id of a new session, and what the browser holds to find it, where that is something else. */
export interface SessionName {
  readonly id: string
  readonly secret?: string
}

/** How a session is kept: in the cookie itself, or in the store with only its id in the cookie. */
export interface SessionKind {
  /** Whether a new generation has to reach the browser. */
  readonly inCookie: boolean
  find(cookie: string): Promise<Found | { readonly rejected: RejectionReason }>
  /** For a session that does not exist yet. */
  newName(): Promise<SessionName>
  /** Resolves to the new session and the value of the cookie for it. `record.id` is the id of the name. */
  create(
    record: SessionRecord,
    name: SessionName,
  ): Promise<{ readonly cell: SessionCell; readonly cookie: string }>
  /** The value of the cookie for a session as it is now; `undefined` when the cookie need not change. */
  cookieFor(record: SessionRecord): Promise<string | undefined>
  /** The session of a store key, for work outside a request. */
  byKey(key: string): SessionCell | undefined
  /** The session of a store key as the store holds it, which it may not. */
  stored(key: string): Promise<SessionCell | undefined>
  /** Whether the store holds every session for as long as it lives. */
  readonly allStored: boolean
}

export interface SessionKindOptions {
  readonly vault: Vault
  readonly clock: Clock
  /** Seconds without use after which a session is over. */
  readonly idleSeconds: number
  /** Whether a session in a cookie is held by the store as well, so that it can be ended without the browser. */
  readonly allStored?: boolean
  readonly emit?: EventListener
}

export interface CookieKindOptions extends SessionKindOptions {
  /** Under another key than the store's records, so that nothing in the store can serve as a cookie. */
  readonly cookies: SealedRecords
}

const ID = /^[\w-]{43}$/
const MAX_TOLD = 1000
const MAX_IDS = 2000

export function createServerKind(options: SessionKindOptions): SessionKind {
  const { vault, clock, idleSeconds } = options
  const expired = createExpiryNotice(options)
  const cellOf = (key: string) => createServerCell(key, vault, clock, idleSeconds, expired)
  const ids = createBoundedMap<string, string>(MAX_IDS)

  /** S26: the store knows a session by the hash of what the browser holds. */
  async function idOf(secret: string): Promise<string> {
    const known = ids.get(secret)
    if (known !== undefined) return known
    const id = await sha256(secret)
    ids.set(secret, id)
    return id
  }

  return {
    inCookie: false,
    allStored: true,
    byKey: cellOf,
    stored: (key) => Promise.resolve(cellOf(key)),
    cookieFor: () => Promise.resolve(undefined),
    async find(cookie) {
      return ID.test(cookie) ? { cell: cellOf(await idOf(cookie)) } : { rejected: 'malformed' }
    },
    async newName() {
      const secret = randomId()
      return { id: await idOf(secret), secret }
    },
    async create(record, { secret = '' }) {
      await insert(record, options)
      return { cell: cellOf(record.id), cookie: secret }
    },
  }
}

export function createCookieKind(options: CookieKindOptions): SessionKind {
  const { vault, cookies, clock, idleSeconds, allStored = false } = options
  // Responses that cross each other on their way set the same text, so that their chunks fit together.
  const texts = new WeakMap<SessionRecord, string>()
  const expired = createExpiryNotice(options)
  const cellOf = (carried: SessionRecord) => createCookieCell(carried, vault, clock, idleSeconds, expired)
  return {
    inCookie: true,
    allStored,
    byKey: () => undefined,
    async stored(key) {
      const held = await vault.read(key)
      return held && cellOf(held.record)
    },
    async find(cookie) {
      const opened = await cookies.open(cookie)
      if ('rejected' in opened) return opened
      return { cell: cellOf(opened.record), generation: opened.record.generation }
    },
    newName: () => Promise.resolve({ id: randomId() }),
    async create(record) {
      if (allStored) await insert(record, options)
      const { sealed } = await cookies.seal(record)
      return { cell: cellOf(record), cookie: sealed }
    },
    async cookieFor(record) {
      const text = texts.get(record) ?? (await cookies.seal(record)).sealed
      texts.set(record, text)
      return text
    },
  }
}

/** Tells once that the time of a session was over, as far as this process knows. Nothing is ended: clocks may be wrong. */
function createExpiryNotice({
  clock,
  emit,
}: SessionKindOptions): (key: string, record: SessionRecord) => void {
  const told = createBoundedMap<string, true>(MAX_TOLD)
  return (key, record) => {
    if (told.get(key)) return
    told.set(key, true)
    const reason = clock.now() < record.expiresAt ? 'idle' : 'expired'
    emit?.({ type: 'session_ended', session: fingerprint(key), reason })
  }
}

async function insert(record: SessionRecord, { vault, idleSeconds }: SessionKindOptions): Promise<void> {
  if (await vault.swap(record.id, undefined, record, endsAt(record, idleSeconds))) return
  throw new OperatorError('store_unavailable', 'Cannot start the session: its key is taken')
}
