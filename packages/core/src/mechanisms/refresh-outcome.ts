import type { SessionCell } from '../ports/session-cell.ts'
import { ended, type TokenGrant, withCoolDown, withDoubt, withGrant } from '../rules/session-record.ts'
import { settle, settleRejection } from '../rules/settle.ts'
import { ConfigurationError, OperatorError } from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'
import { refusal } from './given.ts'
import type { OutcomeOptions, Sent, TokenResult } from './refresh-attempt.ts'
import { failed } from './refresh-failure.ts'
import { revokeToken } from './revoke-token.ts'
import { everySwapLost, swapUntilWon } from './swap-until-won.ts'

const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000
const PERSIST_MS = 30_000

/**
 * Carries out what the answer of the token endpoint means for the session. Resolves to `undefined` when the session
 * has to be looked at once more.
 *
 * @throws The typed error that every caller of the flight gets; the session is kept.
 */
export type Outcome = (cell: SessionCell, tries: readonly Sent[]) => Promise<TokenResult | undefined>

export function createOutcome(options: OutcomeOptions): Outcome {
  const { server, clock, emit } = options

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
          return await endSession(cell, sent, 'subject_changed')
        } finally {
          await revoke(cell, answer.grant)
        }
      case 'rejected':
        return endSession(cell, sent, 'grant_rejected')
      case 'misconfigured':
      case 'not_processed':
      case 'ambiguous':
        return failed(cell, tries, sent, answer, options)
    }
  }

  /** Nothing comes before this: until it is done, the only copy of the refresh token is in this process. */
  async function persist(cell: SessionCell, sent: Sent, grant: TokenGrant): Promise<TokenResult | undefined> {
    const startedAt = clock.elapsed()
    for (let pauseMs = 0; ; pauseMs = Math.min(Math.max(pauseMs * 2, FIRST_PAUSE_MS), MAX_PAUSE_MS)) {
      try {
        return await persistOnce(cell, sent, grant)
      } catch (error) {
        // A store that cannot hold the session, however often it is asked.
        const isHopeless = error instanceof ConfigurationError
        if (!isHopeless && !(error instanceof OperatorError)) throw error
        if (isHopeless || clock.elapsed() - startedAt > PERSIST_MS) {
          emit({ type: 'refresh_token_lost', session: fingerprint(cell.key), reason: 'store_unavailable' })
          throw error
        }
      }
      if (pauseMs > 0) await clock.sleep(pauseMs)
    }
  }

  async function persistOnce(
    cell: SessionCell,
    sent: Sent,
    grant: TokenGrant,
  ): Promise<TokenResult | undefined> {
    const now = await cell.last()
    const verdict = settle(now?.record, sent)
    if (verdict === 'adopt') return undefined
    if (verdict === 'revoke' || !now) {
      // The session that took its place may be of the same grant at the server, which a revocation can end (RFC 7009 §2.1).
      if (now?.record.ended !== 'replaced') await revoke(cell, grant)
      return { signIn: now && !now.record.ended ? 'no_refresh_token' : 'session_ended' }
    }
    const granted = withGrant(now.record, grant, sent.key, sent.attempt, clock.now())
    // Somebody took the claim over, and may have used the same refresh token after me.
    const next = now.record.attempt === sent.attempt ? granted : withDoubt(granted)
    const unusable = grant.accessToken === undefined
    const code = 'token_response_malformed'
    const snapshot = await cell.swap(now, unusable ? withCoolDown(next, code, clock.now()) : next)
    if (!snapshot) throw everySwapLost()
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
    if (refreshToken !== undefined) await revokeToken(server, emit, cell.key, refreshToken)
  }

  async function endSession(
    cell: SessionCell,
    sent: Sent,
    reason: 'grant_rejected' | 'subject_changed',
  ): Promise<TokenResult | undefined> {
    let toTell = sent.inDoubt
    const session = fingerprint(cell.key)
    const won = await swapUntilWon(cell, cell.kept, (record) => {
      if (settleRejection(record, sent) === 'again') return undefined
      // Told first: the swap may be made although its answer never comes, and then there is nobody left to tell.
      if (toTell) emit({ type: 'refresh_token_lost', session, reason: 'answer_lost' })
      toTell = false
      return ended(record, reason)
    })
    if (!won) return undefined
    emit({ type: 'session_ended', session, reason })
    return { signIn: 'session_ended' }
  }

  return outcome
}
