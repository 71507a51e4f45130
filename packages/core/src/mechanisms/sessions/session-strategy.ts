import type { KeepAlive } from '../../ports/runtime.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionHandle, StoredRefresh } from '../../ports/session-handle.ts'
import { endsAt, type SessionRecord } from '../../model/session-record.ts'
import { type EventListener, OperatorError, type RejectionReason } from '../../vocabulary/index.ts'
import { createEndNotices, type EndNotices } from './end-notices.ts'
import type { BrowserCookieTracker } from './browser-cookie-tracker.ts'
import { createPendingSignOuts, type PendingSignOuts } from './pending-sign-outs.ts'
import type { SealedStore } from './sealed-store.ts'
import { shareReads } from './shared-reads.ts'

/** A session that was found by its cookie. */
export interface Found {
  readonly handle: SessionHandle
  /** The generation in the cookie, if the cookie carries the session. */
  readonly generation?: number
}

/** A session that a request has started, and the value of the cookie for it. */
export interface StartedSession {
  readonly record: SessionRecord
  readonly cookie: string
}

export interface Created extends StartedSession {
  readonly handle: SessionHandle
}

/**
 * Creates the first record of a session.
 *
 * @param id - The ID of the new session.
 * @param maxRecordBytes - The maximum size of the record as JSON, in bytes.
 * @param continued - The session whose grant the new one continues, if there is one.
 */
export type MakeRecord = (
  id: string,
  maxRecordBytes: number,
  continued?: SessionRecord,
) => Promise<SessionRecord>

/** How a session starts. */
export interface SessionStart {
  /** Called before the session is stored, if its cookie fits. */
  readonly list?: ((record: SessionRecord) => Promise<void>) | undefined
  /** The session that is replaced, if the request does not show its cookie. */
  readonly hidden?: SessionHandle | undefined
  /** Whether a session is of the same user, so that the new one continues its grant. Without it, no grant continues. */
  readonly isSameUser?: ((record: SessionRecord) => boolean) | undefined
}

/** Defines where a session is stored: in its cookie, or in the store with only an ID in the cookie. */
export interface SessionStrategy {
  find(cookie: string): Promise<Found | { readonly rejected: RejectionReason }>
  /**
   * @param make - Creates the first record.
   * @param keepAlive - Keeps work alive that the caller does not wait for.
   * @param prepare - Called before the session is stored. If it rejects, no session is created.
   * @throws {SignInRequiredError} If a logout token has ended the session before it could start.
   */
  create(
    make: MakeRecord,
    keepAlive: KeepAlive,
    prepare?: (session: StartedSession) => Promise<void>,
  ): Promise<Created>
  /** Returns the session of a store key, for work outside a request. */
  byKey(key: string): SessionHandle | undefined
  /**
   * Returns the session of a store key as it is in the store.
   *
   * @param expiresAt - When the session expires. If set, a session that only its cookie holds can also be ended.
   * @param owner - The registration that the session belongs to, if it is another one.
   */
  stored(key: string, expiresAt?: number, owner?: string): SessionHandle
  /** Tracks the browser of one request, if new generations must reach it. */
  trackBrowser?(): BrowserCookieTracker
  /** Manages the sign-outs that the store has not confirmed. */
  readonly pending: PendingSignOuts
}

/** The parts that all sessions of one kind share. */
export interface HandleOptions {
  readonly sealedStore: SealedStore
  /** Same as `sealedStore.read`, but callers at the same moment share one read. */
  readonly readShared: SealedStore['read']
  readonly clock: Clock
  /** Maximum inactivity, in seconds. */
  readonly idleTimeoutSeconds: number
  readonly notices: EndNotices
  readonly pending: PendingSignOuts
  /** Removes a session that has ended from the index of the store. */
  readonly unlist?: ((record: SessionRecord) => Promise<unknown>) | undefined
  /** Whether `refreshed` decides about the claims of a new ID token. Until then, the session keeps its claims. */
  readonly keepClaims?: boolean | undefined
  /** Receives each refresh after its tokens were stored. No caller waits for it. Never rejects. */
  readonly refreshed?: ((refresh: StoredRefresh) => Promise<unknown>) | undefined
}

export interface SessionStrategyOptions extends Omit<HandleOptions, 'readShared' | 'notices' | 'pending'> {
  readonly emit?: EventListener
  /** Set for runtimes in which a request cannot await the work of another one. Sessions then share no work. */
  readonly pollMs?: number | undefined
}

/** Creates the parts that all sessions of one kind share. */
export function createHandleOptions(options: SessionStrategyOptions): HandleOptions {
  const { sealedStore, clock, emit, pollMs } = options
  return {
    ...options,
    readShared: pollMs === undefined ? shareReads(sealedStore.read, clock) : sealedStore.read,
    notices: createEndNotices(emit, clock, options.idleTimeoutSeconds),
    pending: createPendingSignOuts(clock, emit),
  }
}

export async function insert(
  record: SessionRecord,
  { sealedStore, idleTimeoutSeconds }: SessionStrategyOptions,
): Promise<void> {
  const expiresAt = endsAt(record, idleTimeoutSeconds)
  if ((await sealedStore.swap(record.id, undefined, record, expiresAt)) !== 'again') return
  throw new OperatorError('store_unavailable', 'Cannot start the session: its key is taken')
}
