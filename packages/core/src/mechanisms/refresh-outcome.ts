import type { RefreshAnswer, TokenEndpoint } from '../ports/authorization-server.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import { decide, type RefreshPolicy, type Want } from '../rules/decide.ts'
import {
  ended,
  type StoredToken,
  type TokenGrant,
  withCoolDown,
  withDoubt,
  withGrant,
} from '../rules/session-record.ts'
import { type Consumed, settle, settleRejection } from '../rules/settle.ts'
import {
  ConfigurationError,
  type ErrorCode,
  type EventListener,
  type EvertokenError,
  OperatorError,
  type RedactedCause,
  TryLaterError,
} from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'

/** A token to send, or why somebody has to sign in. `snapshot` is the session it came from. */
export type TokenResult =
  | { readonly token: StoredToken; readonly snapshot: Snapshot }
  | { readonly signIn: ErrorCode }

export interface OutcomeOptions {
  readonly server: TokenEndpoint
  readonly clock: Clock
  readonly policy: RefreshPolicy
  readonly emit: EventListener
}

/** A refresh token that was sent, and the answer to it. */
export interface Sent extends Consumed, Want {
  readonly answer: RefreshAnswer
  /** From the monotonic clock, in milliseconds. */
  readonly sentAt: number
  /** An earlier use of the same refresh token, by another flight, may have gone through, its answer lost. */
  readonly inDoubt: boolean
}

type Failure = Extract<RefreshAnswer, { readonly cause: RedactedCause }>

const MAX_SENDS = 3
const MAX_PATIENCE_SECONDS = 2
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000
const PERSIST_MS = 30_000
const MAX_SWAPS = 50
const MAX_RELEASES = 5

const CODES: Record<Failure['kind'], ErrorCode> = {
  misconfigured: 'client_rejected',
  not_processed: 'authorization_server_unavailable',
  ambiguous: 'refresh_outcome_unknown',
}

/**
 * Carries out what the answer of the token endpoint means for the session. Resolves to `undefined` when the session
 * has to be looked at once more.
 *
 * @throws The typed error that every caller of the flight gets; the session is kept.
 */
export type Outcome = (cell: SessionCell, tries: readonly Sent[]) => Promise<TokenResult | undefined>

export function createOutcome(options: OutcomeOptions): Outcome {
  const { server, clock, policy, emit } = options

  const outcome: Outcome = async (cell, tries) => {
    const sent = tries.at(-1)
    if (!sent) return undefined
    const { answer } = sent
    switch (answer.kind) {
      case 'refreshed':
        if (answer.idTokenIgnored) emit({ type: 'id_token_ignored', session: fingerprint(cell.key) })
        return persist(cell, sent, answer.grant)
      case 'subject_changed':
        try {
          return await endSession(cell, tries, sent, 'subject_changed')
        } finally {
          await revoke(cell, answer.grant)
        }
      case 'rejected':
        return endSession(cell, tries, sent, 'grant_rejected')
      case 'misconfigured':
      case 'not_processed':
      case 'ambiguous':
        return failed(cell, tries, sent, answer)
    }
  }

  /** Nothing comes before this: until it is done, the only copy of the refresh token is in this process. */
  async function persist(cell: SessionCell, sent: Sent, grant: TokenGrant): Promise<TokenResult | undefined> {
    const startedAt = clock.elapsed()
    for (let pauseMs = 0; ; pauseMs = Math.min(Math.max(pauseMs * 2, FIRST_PAUSE_MS), MAX_PAUSE_MS)) {
      const done = await persistOnce(cell, sent, grant).catch(storeFailure)
      if (done !== 'lost' && !(done instanceof OperatorError)) return done
      if (clock.elapsed() - startedAt > PERSIST_MS) {
        emit({ type: 'refresh_token_lost', session: fingerprint(cell.key), reason: 'store_unavailable' })
        throw done === 'lost' ? everySwapLost() : done
      }
      if (pauseMs > 0) await clock.sleep(pauseMs)
    }
  }

  async function persistOnce(cell: SessionCell, sent: Sent, grant: TokenGrant) {
    const now = await cell.kept()
    const verdict = settle(now?.record, sent)
    if (verdict === 'adopt') return undefined
    if (verdict === 'revoke' || !now) {
      await revoke(cell, grant)
      return { signIn: now ? 'no_refresh_token' : 'session_ended' } as const
    }
    const granted = withGrant(now.record, grant, sent.key, sent.attempt, clock.now())
    // Somebody took the claim over, and may have used the same refresh token after me.
    const next = now.record.attempt === sent.attempt ? granted : withDoubt(granted)
    const unusable = grant.accessToken === undefined
    const code = 'token_response_malformed'
    const snapshot = await cell.swap(now, unusable ? withCoolDown(next, code, clock.now()) : next)
    if (!snapshot) return 'lost'
    const token = snapshot.record.tokens[sent.key]
    if (unusable || !token) {
      emit({ type: 'refresh_failed', session: fingerprint(cell.key), code })
      throw refusal(code, 1)
    }
    const durationMs = clock.elapsed() - sent.sentAt
    emit({ type: 'token_refreshed', session: fingerprint(cell.key), durationMs })
    return { token, snapshot }
  }

  async function revoke(cell: SessionCell, { refreshToken }: TokenGrant): Promise<void> {
    if (refreshToken === undefined) return
    const result = await server.revoke(refreshToken)
    emit({ type: 'refresh_token_revoked', session: fingerprint(cell.key), outcome: result })
  }

  async function endSession(
    cell: SessionCell,
    tries: readonly Sent[],
    sent: Sent,
    reason: 'grant_rejected' | 'subject_changed',
  ): Promise<TokenResult | undefined> {
    for (let i = 0; i < MAX_SWAPS; i++) {
      const now = await cell.kept()
      if (!now || settleRejection(now.record, sent) === 'again') return undefined
      const session = fingerprint(cell.key)
      // Told first: the swap may be made although its answer never comes, and then there is nobody left to tell.
      if (i === 0 && isInDoubt(tries, sent))
        emit({ type: 'refresh_token_lost', session, reason: 'answer_lost' })
      if (!(await cell.swap(now, ended(now.record, reason)))) continue
      emit({ type: 'session_ended', session, reason })
      return { signIn: 'session_ended' }
    }
    throw everySwapLost()
  }

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
  async function release(
    cell: SessionCell,
    tries: readonly Sent[],
    sent: Sent,
    code: ErrorCode,
    pauseSeconds?: number,
  ): Promise<boolean> {
    try {
      for (let i = 0; i < MAX_RELEASES; i++) {
        const now = await cell.kept()
        if (now?.record.claim?.attempt !== sent.attempt) return true
        const next = withCoolDown(now.record, code, clock.now(), pauseSeconds)
        if (await cell.swap(now, isInDoubt(tries, sent) ? withDoubt(next) : next)) return true
      }
    } catch {
      // The store failed and has said so by an event; the caller is to hear of the refresh.
    }
    return false
  }

  return outcome
}

function storeFailure(error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  throw error
}

function everySwapLost(): OperatorError {
  const message = 'Cannot write the session: the session store lost every swap'
  return new OperatorError('store_unavailable', message, { retryAfterSeconds: 1 })
}

function isInDoubt(tries: readonly Sent[], { refreshToken }: Sent): boolean {
  return tries.some(
    (sent) => sent.refreshToken === refreshToken && (sent.inDoubt || sent.answer.kind === 'ambiguous'),
  )
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
