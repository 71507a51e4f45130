import type { TokenGrant } from '../../model/session-record.ts'
import { EvertokenError } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { revokeUntilDone } from '../protocol/revoke-token.ts'
import type { AnsweredAttempt, TokenResult } from './attempt.ts'
import { recover } from './failure.ts'
import { createLeaseKeeper } from './keep-lease.ts'
import type { TakenLease } from './lease.ts'
import type { Turn } from './line.ts'
import { persist } from './persist.ts'
import { endSession, handleRejection, reportUsedTwice } from './rejection.ts'
import { createSender, type ExchangeOptions, type Refresh } from './send.ts'

/** How often the holder of a lease shows that it is alive, in milliseconds. A normal response arrives earlier. */
const BEAT_MS = 2000

/**
 * Sends the refresh token and processes the response.
 *
 * The request is never aborted, because a response after the callers have left may carry the only valid refresh token.
 *
 * @returns `'again'` if the session must be read again.
 * @throws The typed error that every caller of the flight receives. The session is kept.
 */
export async function exchange(
  refresh: Refresh,
  taken: TakenLease,
  options: ExchangeOptions,
): Promise<TokenResult | 'again'> {
  const { cell, demand, turn, sends } = refresh
  const { emit } = options
  const context = { ...options, keepAlive: demand.keepAlive }
  const sender = createSender(refresh, taken.snapshot, options)
  const keeper = createLeaseKeeper(refresh, sender, options)

  await sender.send(taken)
  try {
    for (;;) {
      const message = await nextResponse()
      reportHealth(message, turn, options)
      turn.leave()
      const result = await handle(message)
      if (result !== 'listen') {
        if (result !== 'again') reportRefused()
        return result
      }
      sender.undecided++
    }
  } finally {
    keeper.stop()
    // An event has reported every failure of this work.
    if (sender.open.size > 0) demand.keepAlive(listenOn().catch(ignoreTyped))
  }

  /** Waits for a response and keeps the lease until it arrives. */
  async function nextResponse(): Promise<AnsweredAttempt> {
    for (;;) {
      const message = await sender.mailbox.next(BEAT_MS)
      if (!message) keeper.tick()
      else if ('error' in message) throw message.error
      else {
        sender.open.delete(message.attempt)
        return message
      }
    }
  }

  async function handle({ attempt, answer }: AnsweredAttempt): Promise<TokenResult | 'again' | 'listen'> {
    const isLast = sender.open.size === 0
    switch (answer.kind) {
      case 'refreshed':
        if (answer.idTokenIgnored) emit({ type: 'id_token_ignored', session: fingerprint(cell.key) })
        return persist(cell, { ...attempt, date: answer.date, isLast }, answer.grant, sender.leased, context)
      case 'subject_changed':
        revokeNew(answer.grant)
        return endSession(cell, attempt, 'subject_changed', context)
      case 'rejected':
        sends.isRefused = true
        return handleRejection(cell, attempt, isLast, context)
      case 'misconfigured':
      case 'not_processed':
      case 'ambiguous': {
        if (!isLast) return 'listen'
        const inDoubt = attempt.inDoubt || answer.kind === 'ambiguous'
        const past = { sends: sends.count, firstSentAt: sends.firstAt }
        return recover(cell, { ...attempt, inDoubt }, answer, past, options)
      }
    }
  }

  /** Processes later responses. The callers have their result, but such a response may carry a newer refresh token. */
  async function listenOn(): Promise<void> {
    while (sender.open.size > 0) {
      const { attempt, answer } = await nextResponse()
      const isLast = sender.open.size === 0
      if (answer.kind === 'refreshed')
        await persist(cell, { ...attempt, date: answer.date, isLast }, answer.grant, undefined, context)
      if (answer.kind === 'subject_changed') revokeNew(answer.grant)
      // The server may have ended the grant, although the other request succeeded.
      if (answer.kind === 'rejected') await reportUsedTwice(cell, attempt.refreshToken, options)
    }
  }

  /** Reports a refused request after another one succeeded, because the server may have ended the grant. */
  function reportRefused(): void {
    const { isRefused, refreshToken } = sends
    if (isRefused) demand.keepAlive(reportUsedTwice(cell, refreshToken, options).catch(ignoreTyped))
  }

  /** Revokes a new refresh token. The callers do not wait for it. */
  function revokeNew({ refreshToken }: TokenGrant): void {
    if (refreshToken !== undefined) demand.keepAlive(revokeUntilDone(options, cell.key, refreshToken))
  }
}

function reportHealth(
  { attempt: { sentAt }, answer }: AnsweredAttempt,
  turn: Turn,
  { clock, health }: ExchangeOptions,
): void {
  if ('isBusy' in answer && answer.isBusy) turn.overloaded(answer.retryAfterSeconds ?? 1)
  if (answer.kind === 'ambiguous' || answer.kind === 'not_processed') return
  // A refusal is faster than a refresh, so its duration is not measured.
  if (answer.kind === 'refreshed') turn.succeeded(clock.elapsed() - sentAt)
  health.respondedTo = Math.max(health.respondedTo, sentAt)
}

function ignoreTyped(error: unknown): void {
  if (!(error instanceof EvertokenError)) throw error
}
