import {
  END,
  hadFault,
  hindered,
  isExcused,
  isForgotten,
  isKilled,
  knowsTime,
  moment,
  wrongClocks,
} from './facts.ts'
import type { Send } from './history.ts'
import { endsAccessTokens } from './instance.ts'
import type { Invariant } from './invariants.ts'

const LAST_WAIT_MS = 60_000
/** A lease on a strict server lapses after 20 seconds, less the time until its holder has sent. */
const LEASE_MS = 15_000
const REQUEST_TIMEOUT_MS = 10_000
/** A token that expires sooner is not sent. */
const LEFT_SECONDS = 6
const SOFT_SECONDS = 60 * 1.25 + 1

/** I1: a refresh token reaches the server a second time only as policy declares it. */
export const usedOnce: Invariant = (outcome, facts) => {
  const { plan, setting } = outcome
  if (plan.profile === 'no-rotation' || plan.profile === 'tolerant' || isForgotten(outcome, facts)) return []
  const seen = facts.sends.filter((send) => send.judged)
  return seen.flatMap((later, index) => {
    const earlier = seen.slice(0, index).filter(({ refreshToken }) => refreshToken === later.refreshToken)
    const isFine = earlier.every((each) => isDeclared(each, later) || isPlainTry(each, later, earlier))
    return isFine
      ? []
      : [`a refresh token was sent again at ${moment(later.sent)} by process ${later.process}`]
  })

  /** The server has refused a request with parameters, so the refresh without parameters takes its place. */
  function isPlainTry(first: Send, later: Send, between: readonly Send[]): boolean {
    if (later.resource !== '') return false
    return between.some((each) => {
      const { resource, judged, delivered = END } = each
      const isRefused = resource !== '' && judged?.status === 400 && delivered.step <= later.sent.step
      return isRefused && (each === first || (each.sent.step > first.sent.step && isDeclared(first, each)))
    })
  }

  /** The first use had no effect, or no process could know its result for long enough. */
  function isDeclared(earlier: Send, later: Send): boolean {
    const { delivered, broken, process, sent, judged: verdict } = earlier
    const waitedMs = later.sent.time - sent.time
    const told = delivered ?? broken ?? END
    const hasActed = facts.commits.some(
      ({ process: writer, step }) => writer === process && step >= told.step && step < later.sent.step,
    )
    const isTold = told.step <= later.sent.step && (hasActed || !isKilled(outcome, process, later.sent))
    const wasHindered = hindered(outcome, process, sent, later.sent)
    if (isTold && delivered && verdict && verdict.gave === undefined)
      return verdict.status !== 400 || wasHindered || isLastTry(earlier, later)
    // Such a server has ended the access token when it processed the first use, so that an API rejects it.
    const endedTokens = endsAccessTokens(plan) && verdict?.gave !== undefined
    if (plan.profile === 'strict' && !endedTokens && hasGoodToken(later)) return false
    if (isTold && delivered?.readable) return wasHindered && waitedMs >= 2000
    if (plan.profile !== 'strict') return isTold || waitedMs >= 6000
    // A back-off is written and read by wall clocks.
    return waitedMs >= (isTold ? 1000 : LEASE_MS) || (isTold && wrongClocks(outcome))
  }

  /** After a refusal, one more try is fine if the response to an earlier request can still arrive. */
  function isLastTry({ fault, judged }: Send, { sent }: Send): boolean {
    return (
      fault === 'invalid_grant' ||
      !knowsTime(outcome) ||
      (plan.profile !== 'strict' && sent.time - (judged?.time ?? 0) >= LAST_WAIT_MS)
    )
  }

  /** While an access token works, the second use puts the grant at risk for nothing. */
  function hasGoodToken({ sent, resource }: Send): boolean {
    if (wrongClocks(outcome) || resource !== '' || hadFault(outcome, 'rejected tokens')) return false
    const record = facts.commits.findLast(({ step }) => step < sent.step)?.record
    const stored = record?.ledger.tokens['']
    const token = setting.accessTokens.get(stored?.value ?? '')
    if (!stored || !token) return false
    // If the server did not state the lifetime, Evertoken assumes one.
    const expiresAt = Math.min(token.expiresAt, stored.expiresAt - (stored.ahead ?? 0))
    const sentAt = setting.world.now() - (setting.world.time - sent.time) / 1000
    return expiresAt - sentAt > LEFT_SECONDS + REQUEST_TIMEOUT_MS / 1000
  }
}

/** I2: each refresh token that a process received is stored, left to a faster process, revoked, or reported as lost. */
export const newestKept: Invariant = (outcome, facts) => {
  const { history, plan } = outcome
  const { sends, states, told } = facts
  // The session that took its place may have the same grant, which a revocation could end.
  if (plan.profile === 'no-rotation' || states.some(({ record }) => record?.ended === 'replaced')) return []
  const isReported = told.some(({ event }) => event.type === 'refresh_token_lost')
  // Two sign-ins at the same time start two sessions, and some servers have one grant for both.
  const wasKept = (token: string) =>
    history.commits.some(
      ({ record }) => record?.ledger.refreshToken === token || record?.ledger.spare === token,
    )
  const isSibling = (send: Send) =>
    sends.some((other) => other !== send && other.refreshToken === send.refreshToken && other.judged)
  return sends
    .filter(({ delivered, process }) => delivered?.readable && !isKilled(outcome, process))
    .filter((send) => {
      const { gave } = send.judged ?? {}
      return (
        gave !== undefined && !isReported && !wasKept(gave) && !history.revoked.has(gave) && !isSibling(send)
      )
    })
    .map(
      ({ delivered }) =>
        `the refresh token of ${moment(delivered ?? END)} is neither stored nor revoked, and no event reports it`,
    )
}

/** A sign-out revokes the refresh token that was the newest then. */
export const signOutRevokes: Invariant = (outcome, facts) => {
  const { history } = outcome
  const { over, commits, calls } = facts
  const isByRoute = calls.some(
    ({ act, began, ended = END }) =>
      act === 'logout' && over && began.step < over.step && ended.step > over.step,
  )
  const isByUserAlone = !calls.some(({ act }) => act === 'end')
  if (!over || over.record?.ended !== 'signed_out' || !isByRoute || !isByUserAlone) return []
  const token = commits.findLast(({ step, record }) => step < over.step && record)?.record?.ledger
    .refreshToken
  if (token === undefined || history.revoked.has(token) || isForgotten(outcome, facts)) return []
  return hindered(outcome, over.process, { time: 0, step: 0 }) || hadFault(outcome, 'silent metadata')
    ? []
    : ['the refresh token outlives the sign-out']
}

/** I8: where nothing fails, a refresh token is used once, and only when its access token is about to expire. */
export const oncePerExpiry: Invariant = (outcome, { sends, over, givenUp }) => {
  const { plan, setting, history } = outcome
  if (
    history.troubles.length > 0 ||
    over ||
    givenUp ||
    plan.resources.length > 1 ||
    plan.refreshEndsAccessTokens
  )
    return []
  const spent = new Map<string, number>()
  for (const { refreshToken } of sends) spent.set(refreshToken, (spent.get(refreshToken) ?? 0) + 1)
  const repeated = [...spent.values()].some((count) => count > 1) && plan.profile !== 'no-rotation'
  const early = sends.slice(1).filter((send, index) => {
    const previous = sends[index]
    return (
      previous &&
      send.sent.time - previous.sent.time <
        (plan.tokenSeconds - Math.min(SOFT_SECONDS, plan.tokenSeconds * 0.32)) * 1000
    )
  })
  return [
    ...(repeated ? ['a refresh token was used twice although nothing failed'] : []),
    ...early.map(({ sent }) => `a refresh at ${moment(sent)} that was not due`),
  ].filter(() => setting.plan.capacity === Infinity)
}

/** A grant that the server ended because of a reuse, although no response was lost. */
export const grantLives: Invariant = (outcome, facts) => {
  const { setting } = outcome
  const reason = setting.server.grants.endReason(facts.grant)
  return reason === 'refresh token reuse' && !isExcused(outcome, facts)
    ? ['the server ended the grant because of a reuse']
    : []
}
