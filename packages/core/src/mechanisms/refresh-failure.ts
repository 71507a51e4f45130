import type { RefreshAnswer } from '../ports/authorization-server.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { decide, type ReusePolicy } from '../rules/decide.ts'
import { withCoolDown, withDoubt, withRefusal } from '../rules/session-record.ts'
import type { ErrorCode, RedactedCause } from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'
import { given, refusal } from './given.ts'
import type { OutcomeOptions, Sent, TokenResult } from './refresh-attempt.ts'
import { swapUntilWon } from './swap-until-won.ts'

/** An answer that brought nothing and decided nothing. */
export type Failure = Extract<RefreshAnswer, { readonly cause: RedactedCause }>

const MAX_SENDS = 3
const MAX_PATIENCE_SECONDS = 2

/** What the authorization server refuses to give, rather than whom it refuses to serve (RFC 6749 §5.2, RFC 8707 §2). */
const ABOUT_REQUEST = new Set(['invalid_scope', 'invalid_target'])

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
export async function failed(
  cell: SessionCell,
  tries: readonly Sent[],
  sent: Sent,
  { kind, cause, retryAfterSeconds }: Failure,
  { clock, policy, emit }: OutcomeOptions,
): Promise<TokenResult | undefined> {
  const code = CODES[kind]
  if (mayRetry(kind, tries, retryAfterSeconds, clock.elapsed(), policy.reuse)) {
    await clock.sleep((retryAfterSeconds ?? 0.1 * 2 ** tries.length) * 1000)
    return undefined
  }
  emit({ type: 'refresh_failed', session: fingerprint(cell.key), code, cause })
  const released = swapUntilWon(cell, cell.kept, (record) => {
    if (record.claim?.attempt !== sent.attempt) return undefined
    const next = ABOUT_REQUEST.has(cause.error ?? '')
      ? withRefusal(record, sent.key, code, clock.now())
      : withCoolDown(record, code, clock.now(), retryAfterSeconds)
    return sent.inDoubt ? withDoubt(next) : next
  })
  // While the claim is not given back nobody may send; the store has said so by an event.
  const isFree = await released.then(
    () => true,
    () => false,
  )
  if (isFree) {
    const now = await cell.read()
    if (now?.record.attempt !== sent.attempt) return undefined
    const next = decide(now.record, sent, clock.now(), policy)
    if (next.do === 'serve') return given(next, now)
  }
  throw refusal(code, retryAfterSeconds ?? 1, cause)
}

function mayRetry(
  kind: Failure['kind'],
  tries: readonly Sent[],
  pauseSeconds = 0,
  elapsedMs: number,
  reuse: ReusePolicy,
): boolean {
  if (kind === 'misconfigured' || tries.length >= MAX_SENDS || pauseSeconds > MAX_PATIENCE_SECONDS)
    return false
  if (kind === 'not_processed' || reuse === 'tolerant') return true
  if (reuse === 'strict') return false
  // The grace counts from the first use, and the answer to the next has to arrive within it.
  return elapsedMs - (tries[0]?.sentAt ?? 0) < reuse.graceSeconds * 500
}
