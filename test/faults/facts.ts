import { type Chronicle, newestOf, type Send } from './chronicle.ts'
import type { Outcome } from './run.ts'
import { REQUEST_TIMEOUT_SECONDS } from './wire.ts'

/** The shortest pause after an outcome that is not known. */
const COOL_DOWN_MS = 1000
/** A response that arrives while the second request is being sent cannot stop it. */
const CROSSING_MS = 250
/** An access token that is so near its end is no longer sent. */
const HARD_SECONDS = 5

/** Second uses of a refresh token, each with the use before. */
export function repeats({ sends }: Chronicle): [earlier: Send, later: Send][] {
  return sends.flatMap((later, index) => {
    const earlier = sends.slice(0, index).findLast(({ refreshToken }) => refreshToken === later.refreshToken)
    return earlier ? [[earlier, later] as [Send, Send]] : []
  })
}

/**
 * Whether the policy allows the second use. `strict` does so once after each unknown outcome, and only when no
 * access token is left. The other policies do immediately. Requests that were refused before they took effect may be sent again.
 */
export function isDeclared(outcome: Outcome, earlier: Send, later: Send): boolean {
  const { world, planned } = outcome
  const { chronicle, session } = world
  const answer =
    !earlier.orphaned && earlier.answer && earlier.answer.order < later.order ? earlier.answer : undefined
  if (planned.forgets) return true
  switch (answer ? answer.kind : 'unknown') {
    case 'rotated':
      return (
        (planned.reuse !== undefined && later.time - (answer?.time ?? 0) < CROSSING_MS) ||
        isLossTold(chronicle, later.order) ||
        isRevoked(chronicle, answer?.refreshToken) ||
        (planned.overtakes === true && isStoredLater(chronicle, answer?.refreshToken, later)) ||
        later.held === true
      )
    case 'rejected':
      // The response to a request before may still bring a valid one. After a while, the refusal is final.
      if (planned.reuse !== undefined) return true
      return chronicle.storeTroubles.some(({ order }) => order > earlier.order && order < later.order)
    case 'renewed':
    case 'refused':
      return true
    case 'unknown': {
      const paused = wrongClocks(outcome) || later.time - earlier.time >= pauseAfter(earlier)
      const left = newestOf(chronicle, session.key, later.order)?.ledger.tokens['']
      const isSpent =
        !left ||
        left.expiresAt - world.time.now() + (world.time.elapsed() - later.time) / 1000 <= HARD_SECONDS
      return planned.reuse !== undefined || (paused && isSpent)
    }
  }
}

/**
 * A process that was stopped had the response, and could store it only after the second use. A session is over by then, so
 * that it revokes the response. The record of a stored connection is kept, so that it takes the response.
 */
function isStoredLater({ commits }: Chronicle, token: string | undefined, { order }: Send): boolean {
  const stored = commits.find(({ record }) => record?.ledger.refreshToken === token)
  return stored !== undefined && stored.order > order
}

/** The grant was revoked on purpose. */
function isRevoked({ requests }: Chronicle, token = ''): boolean {
  return requests.some(({ body }) => new URLSearchParams(body).get('token') === token)
}

/** Where nothing came back, the whole time-out has to pass first. */
function pauseAfter({ answer, failed, orphaned }: Send): number {
  return (answer || failed) && !orphaned ? COOL_DOWN_MS : REQUEST_TIMEOUT_SECONDS * 1000
}

export function isLossTold({ told }: Chronicle, before = Infinity): boolean {
  return told.some(({ event, order }) => event.type === 'refresh_token_lost' && order < before)
}

/** A request that was aborted or held arrived after the retry that replaced it. */
export function isOvertaken({ planned, world: { server, session } }: Outcome): boolean {
  if (!planned.overtakes || server.grants.alive(session.sub)) return false
  return server.grants.endReason(session.sub) === 'refresh token reuse'
}

/** A refresh token was spent for an answer that could not be read: no client can help that on a strict server. */
export function isAnswerLost({ sends }: Chronicle): boolean {
  return sends.some(({ spent, refreshToken }) => {
    const tries = sends.filter((send) => send.refreshToken === refreshToken)
    return spent && !tries.some(({ answer, orphaned }) => answer?.kind === 'rotated' && !orphaned)
  })
}

export function wrongClocks({ planned }: Outcome): boolean {
  return planned.skewSeconds !== undefined || planned.fault.startsWith('clock')
}
