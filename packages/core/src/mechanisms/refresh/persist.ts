import type { KeepAlive } from '../../ports/runtime.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import { withSpare } from '../../model/ledger-transitions.ts'
import { grantEndsAt } from '../../model/grant-expiry.ts'
import type { TimeReading } from '../../model/time-reading.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import { omitUndefined } from '../../rules/members.ts'
import { isOfRemovedAccount, settle } from '../../rules/refresh/settle.ts'
import { ConfigurationError, type ErrorCode, OperatorError } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { revokeUntilDone } from '../protocol/revoke-token.ts'
import { everySwapLost, MAX_SWAPS } from '../stores/until-won.ts'
import type { RefreshAttempt, RefreshContext, TokenResult } from './attempt.ts'
import { ledgerWithResponse, problemOf, typeErrorOf } from './granted-ledger.ts'
import { LOST_LEASE_HINT, refreshError } from './token-result.ts'
import type { Clock } from '../../ports/clock.ts'
import { LISTEN_MS } from '../protocol/http.ts'

export type PersistContext = Pick<
  RefreshContext,
  'acquisition' | 'server' | 'clock' | 'serverClock' | 'emit' | 'random'
>

/** A response that has arrived, and the facts that are known about the record. */
export interface ArrivedGrant {
  readonly attempt: RefreshAttempt
  readonly grant: TokenGrant
  /** The record that this attempt wrote last. It is usually unchanged since then. */
  readonly leased: LedgerSnapshot | undefined
  /** Receives the revocation of a refresh token that is not stored. */
  readonly keepAlive: KeepAlive
}

/**
 * Stores the result of a refresh.
 *
 * This comes first, because until then only this process has the refresh token. If the store fails, Evertoken retries
 * for as long as it waits for a response.
 *
 * @returns `'again'` if another process has stored a later result.
 */
export function persist(
  handle: LedgerHandle,
  response: ArrivedGrant,
  context: PersistContext,
): Promise<TokenResult | 'again'> {
  let known = response.leased
  return retryStore(context.clock, () => {
    const from = known
    known = undefined
    return persistOnce(handle, response, from, context)
  }).catch((error: unknown) => {
    // If the store cannot hold the tokens now, a retry does not help.
    const isLost = error instanceof ConfigurationError || error instanceof OperatorError
    if (isLost && response.attempt.refreshToken !== undefined)
      context.emit({
        type: 'refresh_token_lost',
        session: fingerprint(handle.key),
        reason: 'store_unavailable',
      })
    throw error
  })
}

async function persistOnce(
  handle: LedgerHandle,
  response: ArrivedGrant,
  known: LedgerSnapshot | undefined,
  context: PersistContext,
): Promise<TokenResult | 'again'> {
  const { attempt, grant, keepAlive } = response
  let current = known
  for (let i = 0; i < MAX_SWAPS; i++) {
    current ??= await handle.readIncludingEnded()
    const settlement = settle(current?.record, attempt, grant.refreshToken !== undefined)
    if (settlement === 'adopt') return 'again'
    if (settlement === 'revoke' || !current) return discardResponse(handle, response, current, context)
    if (settlement === 'spare') {
      const ledger = withSpare(current.record.ledger, grant.refreshToken as string)
      if ((await handle.swapLedger(current, ledger)) !== 'again') return 'again'
    } else {
      const { ledger } = current.record
      const time = context.serverClock.read()
      const problem = problemOf(grant, attempt, ledger)
      const ledgerAfter = (maxTokenBytes: number) =>
        ledgerWithResponse(settlement, ledger, response, problem, time, context, maxTokenBytes)
      const snapshot = await handle.storeGrant(current, { grant, now: time.wall, ledgerAfter, keepAlive })
      if (snapshot !== 'again') {
        reportGrantEnd(handle, current, snapshot, context)
        return resultOf(handle, response, problem, snapshot, time, context)
      }
    }
    current = undefined
  }
  throw everySwapLost()
}

/** Warns once that the grant ends. The record that another process stores later has the mark too. */
function reportGrantEnd(
  { key }: LedgerHandle,
  before: LedgerSnapshot,
  { record: { ledger } }: LedgerSnapshot,
  { emit }: Pick<PersistContext, 'emit'>,
): void {
  const { grantExpiry } = ledger
  if (!grantExpiry?.isSoon || before.record.ledger.grantExpiry?.isSoon) return
  const grantExpiresAt = grantEndsAt(grantExpiry) as number
  emit({ type: 'grant_expires_soon', session: fingerprint(key), grantExpiresAt })
}

function resultOf(
  handle: LedgerHandle,
  { attempt, grant }: ArrivedGrant,
  problem: ErrorCode | undefined,
  snapshot: LedgerSnapshot,
  time: TimeReading,
  { acquisition, clock, emit }: PersistContext,
): TokenResult {
  const session = fingerprint(handle.key)
  const { ledger } = snapshot.record
  const token = ledger.tokens[attempt.key]
  if (problem !== undefined || !token) {
    const code = problem ?? 'token_response_malformed'
    const cause = grant.unusable
    emit(omitUndefined({ type: 'refresh_failed', session, code, cause }))
    throw typeErrorOf(grant) ?? refreshError(acquisition.policy, code, 1, cause)
  }
  emit({ type: 'token_refreshed', session, durationMs: clock.elapsed() - attempt.sentAt })
  return { kind: 'token', token, snapshot, time }
}

/** Revokes the new refresh token, because the session has ended or no longer has a refresh token. */
function discardResponse(
  { key }: LedgerHandle,
  { attempt: { attempt }, grant: { refreshToken }, keepAlive }: ArrivedGrant,
  current: LedgerSnapshot | undefined,
  context: PersistContext,
): TokenResult | 'again' {
  const { ended, ledger } = current?.record ?? {}
  // The session ended from a record without the lease of this request, so two processes used the refresh token.
  if (ended === 'grant_rejected' && ledger && ledger.attempt <= attempt) {
    const session = fingerprint(key)
    context.emit({ type: 'refresh_token_lost', session, reason: 'used_twice', hint: LOST_LEASE_HINT })
  }
  // A session that replaced this one may have the same grant. A revocation could end that grant (RFC 7009 §2.1).
  if (refreshToken !== undefined && ended !== 'replaced')
    keepAlive(revokeUntilDone(context, key, refreshToken))
  if (!current || ended) return { kind: 'sign_in', code: 'session_ended' }
  // The record has the grant of another account, which the owner has connected since then.
  if (isOfRemovedAccount(current.record, { attempt })) return 'again'
  return { kind: 'sign_in', code: 'no_refresh_token', isRevoked: ledger?.isRevoked }
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
