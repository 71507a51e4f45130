import type { RefreshAnswer } from '../ports/authorization-server.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { decide } from '../rules/decide.ts'
import { withCoolDown, withDoubt } from '../rules/session-record.ts'
import {
  ConfigurationError,
  type ErrorCode,
  type EvertokenError,
  type RedactedCause,
  TryLaterError,
} from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'
import { isInDoubt, type OutcomeOptions, type Sent, type TokenResult } from './refresh-attempt.ts'
import { swapUntilWon } from './swap-until-won.ts'

/** An answer that brought nothing and decided nothing. */
export type Failure = Extract<RefreshAnswer, { readonly cause: RedactedCause }>

const MAX_SENDS = 3
const MAX_PATIENCE_SECONDS = 2

const CODES: Record<Failure['kind'], ErrorCode> = {
  misconfigured: 'client_rejected',
  not_processed: 'authorization_server_unavailable',
  ambiguous: 'refresh_outcome_unknown',
}

/**
 * Tries again if policy allows it, and else gives the claim back. Resolves to `undefined` when the session has to be
 * looked at once more.
 *
 * @throws The typed error that every caller of the flight gets; the session is kept.
 */
export function createFailure({
  clock,
  policy,
  emit,
}: OutcomeOptions): (
  cell: SessionCell,
  tries: readonly Sent[],
  sent: Sent,
  answer: Failure,
) => Promise<TokenResult | undefined> {
  async function failed(
    cell: SessionCell,
    tries: readonly Sent[],
    sent: Sent,
    answer: Failure,
  ): Promise<TokenResult | undefined> {
    const code = CODES[answer.kind]
    const pauseSeconds = 'retryAfterSeconds' in answer ? answer.retryAfterSeconds : undefined
    if (mayRetry(tries, answer, pauseSeconds)) {
      await clock.sleep((pauseSeconds ?? 0.1 * 2 ** tries.length) * 1000)
      return undefined
    }
    emit({ type: 'refresh_failed', session: fingerprint(cell.key), code, cause: answer.cause })
    if (await release(cell, tries, sent, code, pauseSeconds)) {
      const now = await cell.read()
      if (now?.record.attempt !== sent.attempt) return undefined
      const next = decide(now.record, sent, clock.now(), policy)
      if (next.do === 'serve') return { token: next.token, snapshot: now }
    }
    throw refusal(code, pauseSeconds ?? 1, answer.cause)
  }

  function mayRetry(tries: readonly Sent[], { kind }: Failure, pauseSeconds = 0): boolean {
    if (kind === 'misconfigured' || tries.length >= MAX_SENDS || pauseSeconds > MAX_PATIENCE_SECONDS)
      return false
    if (kind === 'not_processed' || policy.reuse === 'tolerant') return true
    if (policy.reuse === 'strict') return false
    // The grace counts from the first use, and the answer to the next has to arrive within it.
    const firstSentAt = tries[0]?.sentAt ?? 0
    return clock.elapsed() - firstSentAt < policy.reuse.graceSeconds * 500
  }

  /** Resolves to `false` when the claim could not be given back; nobody may send before it lapses. */
  function release(
    cell: SessionCell,
    tries: readonly Sent[],
    sent: Sent,
    code: ErrorCode,
    pauseSeconds?: number,
  ): Promise<boolean> {
    const released = swapUntilWon(cell, cell.kept, (record) => {
      if (record.claim?.attempt !== sent.attempt) return undefined
      const next = withCoolDown(record, code, clock.now(), pauseSeconds)
      return isInDoubt(tries, sent) ? withDoubt(next) : next
    })
    // The store has said by an event that it failed; the caller is to hear of the refresh.
    return released.then(
      () => true,
      () => false,
    )
  }

  return failed
}

/** The error for callers who cannot be given a token although nobody has to sign in. */
export function refusal(code: ErrorCode, seconds: number, cause?: RedactedCause): EvertokenError {
  if (code === 'client_rejected') {
    const message =
      'Cannot refresh the access token: the authorization server refuses this client or what it asks for; ' +
      'check the client id, its authentication, the scope and the resource'
    return new ConfigurationError(code, message, { cause })
  }
  const message = 'Cannot get a current access token now: try again later, the session is kept'
  return new TryLaterError(code, message, { cause, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) })
}
