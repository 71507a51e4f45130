import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import {
  withBackOff,
  withDoubt,
  withGrant,
  withNewerGrant,
  withSpare,
} from '../../model/ledger-transitions.ts'
import type { SessionRecord, TokenGrant } from '../../model/session-record.ts'
import { settle } from '../../rules/refresh/settle.ts'
import { ConfigurationError, OperatorError } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { revokeUntilDone } from '../protocol/revoke-token.ts'
import { everySwapLost, MAX_SWAPS } from '../sessions/stored-session.ts'
import type { RefreshAttempt, RefreshContext, TokenResult } from './attempt.ts'
import { LOST_LEASE_HINT, refreshError } from './token-result.ts'
import type { Clock } from '../../ports/clock.ts'
import { LISTEN_MS } from '../protocol/http.ts'

/** The dependencies for storing a response. `keepAlive` receives revocations of refresh tokens that are not stored. */
export interface PersistContext extends RefreshContext {
  readonly keepAlive: KeepAlive
}

/**
 * Stores the result of a refresh.
 *
 * This comes first, because until then only this process has the refresh token. If the store fails, Evertoken retries
 * for as long as it waits for a response.
 *
 * @param leased - The record that this attempt wrote last. It is usually unchanged since then.
 * @returns `'again'` if another process has stored a later result.
 */
export async function persist(
  cell: SessionHandle,
  attempt: RefreshAttempt,
  grant: TokenGrant,
  leased: Snapshot | undefined,
  context: PersistContext,
): Promise<TokenResult | 'again'> {
  let known = leased
  try {
    return await retryStore(context.clock, () => {
      const from = known
      known = undefined
      return persistOnce(cell, attempt, grant, from, context)
    })
  } catch (error) {
    // If the store cannot hold the session now, a retry does not help.
    if (error instanceof ConfigurationError || error instanceof OperatorError)
      context.emit({
        type: 'refresh_token_lost',
        session: fingerprint(cell.key),
        reason: 'store_unavailable',
      })
    throw error
  }
}

async function persistOnce(
  cell: SessionHandle,
  attempt: RefreshAttempt,
  grant: TokenGrant,
  known: Snapshot | undefined,
  context: PersistContext,
): Promise<TokenResult | 'again'> {
  let now = known
  for (let i = 0; i < MAX_SWAPS; i++) {
    now ??= await cell.readIncludingEnded()
    const settlement = settle(now?.record, attempt, grant.refreshToken !== undefined)
    if (settlement === 'adopt') return 'again'
    if (settlement === 'revoke' || !now) return giveUp(cell, attempt, grant, now, context)
    const next = settled(settlement, now.record, attempt, grant, context)
    const snapshot = await cell.swap(now, next)
    if (snapshot && settlement === 'spare') return 'again'
    if (snapshot) {
      const { keepAlive, refreshed } = context
      const stored = { cell, before: now.record, after: snapshot.record, claims: grant.claims, keepAlive }
      if (refreshed && grant.accessToken) keepAlive(refreshed(stored))
      return tokenFrom(cell, attempt, grant, snapshot, context)
    }
    now = undefined
  }
  throw everySwapLost()
}

function settled(
  settlement: 'write' | 'replace' | 'spare',
  record: SessionRecord,
  attempt: RefreshAttempt,
  grant: TokenGrant,
  { serverClock, random, keepClaims }: RefreshContext,
): SessionRecord {
  if (settlement === 'spare') return withSpare(record, grant.refreshToken as string)
  const { key, rejected, capacity, holder } = attempt
  const { from, date, late } = attempt
  const origin = { from, attempt: attempt.attempt, date, late }
  const response = { grant, key, attempt: attempt.attempt, rejected, origin, keepClaims }
  const time = serverClock.read()
  const granted =
    settlement === 'write'
      ? withGrant(record, response, time, capacity)
      : withNewerGrant(record, response, holder, time, capacity)
  // Another request might have used the same refresh token, in this process or in one that took over the lease.
  // After a failover of the store, two leases can have the same number.
  const isOthers = record.lease !== undefined && record.lease.holder !== holder
  const isOnly = record.attempt === attempt.attempt && !isOthers && attempt.isLast !== false
  const next = isOnly ? granted : withDoubt(granted)
  if (grant.accessToken) return next
  return withBackOff(next, 'token_response_malformed', time, { jitter: random() })
}

function tokenFrom(
  { key: session }: SessionHandle,
  { key, sentAt }: RefreshAttempt,
  grant: TokenGrant,
  snapshot: Snapshot,
  { clock, emit }: RefreshContext,
): TokenResult {
  const token = snapshot.record.tokens[key]
  if (!grant.accessToken || !token) {
    const code = 'token_response_malformed'
    emit({ type: 'refresh_failed', session: fingerprint(session), code })
    throw refreshError(code, 1)
  }
  emit({ type: 'token_refreshed', session: fingerprint(session), durationMs: clock.elapsed() - sentAt })
  return { token, snapshot }
}

/** Revokes the new refresh token, because the session has ended or no longer has a refresh token. */
function giveUp(
  { key }: SessionHandle,
  { attempt }: RefreshAttempt,
  { refreshToken }: TokenGrant,
  now: Snapshot | undefined,
  context: PersistContext,
): TokenResult {
  // The session ended from a record without the lease of this request, so two processes used the refresh token.
  if (now?.record.ended === 'grant_rejected' && now.record.attempt <= attempt) {
    const session = fingerprint(key)
    context.emit({ type: 'refresh_token_lost', session, reason: 'used_twice', hint: LOST_LEASE_HINT })
  }
  // A session that replaced this one may have the same grant. A revocation could end that grant (RFC 7009 §2.1).
  if (refreshToken !== undefined && now?.record.ended !== 'replaced')
    context.keepAlive(revokeUntilDone(context, key, refreshToken))
  return { signIn: now && !now.record.ended ? 'no_refresh_token' : 'session_ended' }
}

const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000

/**
 * Repeats work while the store fails, for as long as Evertoken waits for a response.
 *
 * @throws The last failure of the store, or any other error immediately.
 */
export async function retryStore<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const startedAt = clock.elapsed()
  for (let pauseMs = 0; ; pauseMs = Math.min(Math.max(pauseMs * 2, FIRST_PAUSE_MS), MAX_PAUSE_MS)) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof OperatorError) || clock.elapsed() - startedAt > LISTEN_MS) throw error
    }
    if (pauseMs > 0) await clock.sleep(pauseMs)
  }
}
