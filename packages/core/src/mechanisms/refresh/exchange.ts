import type { TokenGrant } from '../../model/token-grant.ts'
import { EvertokenError } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { revokeUntilDone } from '../protocol/revoke-token.ts'
import type { RefreshResult } from '../../ports/authorization-server.ts'
import type { LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { CompletedAttempt, RefreshAttempt, TokenResult } from './attempt.ts'
import { recover } from './failure.ts'
import { createLeaseKeeper, type LeaseKeeper } from './keep-lease.ts'
import type { TakenLease } from './lease.ts'
import { persist } from './persist.ts'
import { endGrant, handleRejection, reportUsedTwice } from './rejection.ts'
import { createSender, type ExchangeContext, type Refresh } from './send.ts'

type Refreshed = Extract<RefreshResult, { readonly kind: 'refreshed' }>

/** How often the holder of a lease shows that it is alive, in milliseconds. A normal response arrives earlier. */
const BEAT_MS = 2000

/**
 * Sends a token request and processes the response.
 *
 * The request is never aborted, because a response after the callers have left may carry the only valid refresh token.
 *
 * @returns `'again'` if the record must be read again.
 * @throws The typed error that every caller of the flight receives. The tokens are kept.
 */
export async function exchange(
  refresh: Refresh,
  taken: TakenLease,
  context: ExchangeContext,
): Promise<TokenResult | 'again'> {
  const { handle, turn, sends } = refresh
  const { keepAlive } = refresh.demand
  const { emit } = context
  const sender = createSender(refresh, taken.snapshot, context)
  let keeper: LeaseKeeper | undefined

  await sender.send(taken)
  try {
    for (;;) {
      const message = await nextResponse()
      reportHealth(message, refresh, context)
      turn.leave()
      const result = await handleResponse(message)
      if (result !== 'listen') {
        if (sends.isRefused && result !== 'again') reportRefused()
        return result
      }
      sender.undecided++
    }
  } finally {
    keeper?.stop()
    // An event has reported every failure of this work.
    if (sender.open.size > 0) keepAlive(receiveLateResponses().catch(ignoreTyped))
  }

  /** Waits for a response and keeps the lease until it arrives. */
  async function nextResponse(): Promise<CompletedAttempt> {
    for (;;) {
      const message = await sender.mailbox.next(BEAT_MS)
      if (!message) {
        keeper ??= createLeaseKeeper(refresh, sender, context)
        keeper.tick()
        continue
      }
      if (message.attempt) sender.open.delete(message.attempt)
      if (message.kind === 'broken') throw message.error
      return message
    }
  }

  async function handleResponse({
    attempt,
    answer,
  }: CompletedAttempt): Promise<TokenResult | 'again' | 'listen'> {
    const isLast = sender.open.size === 0
    switch (answer.kind) {
      case 'refreshed':
        if (answer.idTokenIgnored) emit({ type: 'id_token_ignored', session: fingerprint(handle.key) })
        return store(attempt, answer, isLast, sender.leased)
      case 'subject_changed':
        revokeNew(answer.grant)
        return endGrant(handle, attempt, 'subject_changed', keepAlive, context)
      case 'rejected':
        return handleRejected(attempt, isLast)
      case 'misconfigured':
      case 'not_processed':
      case 'sign_in_required':
      case 'refused':
      case 'ambiguous': {
        if (!isLast) return 'listen'
        const inDoubt = attempt.inDoubt || answer.kind === 'ambiguous' || answer.kind === 'refused'
        const past = { sends: sends.count, firstSentAt: sends.firstAt }
        return recover(handle, { ...attempt, inDoubt }, answer, past, context)
      }
    }
  }

  async function handleRejected(
    attempt: RefreshAttempt,
    isLast: boolean,
  ): Promise<TokenResult | 'again' | 'listen'> {
    sends.isRefused = true
    const result = await handleRejection(handle, attempt, isLast, keepAlive, context)
    if (result !== 'try_plain') return result
    emit({ type: 'refresh_failed', session: fingerprint(handle.key), code: 'login_required' })
    Object.assign(sends, { isRefused: false, triesPlain: true })
    return 'again'
  }

  function store(
    attempt: RefreshAttempt,
    { grant, date }: Refreshed,
    isLast: boolean,
    leased: LedgerSnapshot | undefined,
  ): Promise<TokenResult | 'again'> {
    return persist(handle, { attempt: { ...attempt, date, isLast }, grant, leased, keepAlive }, context)
  }

  /** Processes later responses. The callers have their result, but such a response may carry a newer refresh token. */
  async function receiveLateResponses(): Promise<void> {
    while (sender.open.size > 0) {
      const { attempt, answer } = await nextResponse()
      const isLast = sender.open.size === 0
      if (answer.kind === 'refreshed') await store(attempt, answer, isLast, undefined)
      if (answer.kind === 'subject_changed') revokeNew(answer.grant)
      // The server may have ended the grant, although the other request succeeded.
      if (answer.kind === 'rejected') await reportUsedTwice(handle, attempt.refreshToken, emit)
    }
  }

  /** Reports a refused request after another one succeeded, because the server may have ended the grant. */
  function reportRefused(): void {
    keepAlive(reportUsedTwice(handle, sends.refreshToken, emit).catch(ignoreTyped))
  }

  /** Revokes a new refresh token. The callers do not wait for it. */
  function revokeNew({ refreshToken }: TokenGrant): void {
    if (refreshToken !== undefined) keepAlive(revokeUntilDone(context, handle.key, refreshToken))
  }
}

function reportHealth(
  { attempt: { sentAt }, answer }: CompletedAttempt,
  { turn, health }: Pick<Refresh, 'turn' | 'health'>,
  { clock }: Pick<ExchangeContext, 'clock'>,
): void {
  if ('isBusy' in answer && answer.isBusy) turn.overloaded(answer.retryAfterSeconds ?? 1)
  if (answer.kind === 'ambiguous' || answer.kind === 'refused' || answer.kind === 'not_processed') return
  // A refusal is faster than a refresh, so its duration is not measured.
  if (answer.kind === 'refreshed') turn.succeeded(clock.elapsed() - sentAt)
  health.respondedTo = Math.max(health.respondedTo, sentAt)
}

function ignoreTyped(error: unknown): void {
  if (!(error instanceof EvertokenError)) throw error
}
