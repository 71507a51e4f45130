import { isDeclared } from './declared-uses.ts'
import { BEGINNING, END, hindered, isSigningOut, isKilled, moment } from './facts.ts'
import type { ModelServer } from './authorization-server.ts'
import type { Call, Commit, Send, Trouble } from './history.ts'
import type { Invariant } from './invariants.ts'
import type { Profile } from './plan.ts'
import { EPOCH } from '../machines/machine.ts'

const LISTENED_MS = 64_000

/** No refresh token is used twice, but where policy declares it. */
export const usedOnce: Invariant = (outcome, { repeats }) =>
  repeats
    .filter(([earlier, later]) => !isDeclared(outcome, earlier, later))
    .map(([, { refreshToken, sent }]) => `${refreshToken} sent again at ${moment(sent)}`)

/** Each refresh token that a process received is stored, left to a faster process, revoked, or reported as lost. */
export const newestKept: Invariant = ({ history, server }, { sends, commits, repeats, reported }) => {
  const stored = (token: string) =>
    commits.some(({ record }) => [record?.ledger.refreshToken, record?.ledger.spare].includes(token))
  const revoked = (token: string) => history.revoked.some(({ refreshToken }) => refreshToken === token)
  const adopted = (token: string) => repeats.some((pair) => pair.some(({ judged }) => judged?.gave === token))
  return sends
    .filter((send) => !isReplaced(server, commits, send))
    .filter(({ delivered, process }) => {
      const kind = delivered?.kind
      return (kind === 'refreshed' || kind === 'subject_changed') && !isKilled(history.troubles, process)
    })
    .flatMap(({ judged }) => judged?.gave ?? [])
    .filter((token) => !reported && !stored(token) && !revoked(token) && !adopted(token))
    .map((token) => `${token} is neither stored nor revoked, and no event reports that`)
}

/** Whether the owner gave a new grant in place of the one that was used. The response must not change that one. */
function isReplaced({ issued }: ModelServer, commits: readonly Commit[], { refreshToken }: Send): boolean {
  const consentOf = (token: string) => issued.get(token)?.consent
  const stored = commits.flatMap(({ record }) => record?.ledger.refreshToken ?? [])
  const later = stored.slice(stored.indexOf(refreshToken) + 1)
  return later.some((token) => consentOf(token) !== consentOf(refreshToken))
}

/** Whether the owner wanted the end. */
function isAsked({ record }: Commit): boolean {
  return record?.ended === 'signed_out' || record?.ended === 'disconnected'
}

/** I2: a response that comes after the callers have left is not lost, unless it comes after more than a minute. */
export const lateKept: Invariant = ({ history, plan }, { sends }) =>
  sends
    .filter(({ fault, judged }) => (fault === 'late' || fault === 'stalled') && judged?.gave !== undefined)
    .filter(({ process, sent }) => !hindered(history.troubles, process, sent, END))
    .filter(() => plan.lateMs < LISTENED_MS)
    .filter(({ delivered }) => delivered?.kind !== 'refreshed')
    .map((send) => `the response to the request of ${moment(send.sent)} was not awaited`)

/** A store that is back within a minute takes the new refresh token. */
export const persistedInTime: Invariant = ({ history }, { reports }) =>
  reports
    .filter(({ event }) => event.type === 'refresh_token_lost' && event.reason === 'store_unavailable')
    .filter(
      ({ process }) => !history.troubles.some((each) => each.process === process && each.kind !== 'store'),
    )
    .map((report) => `the store was abandoned at ${moment(report)}`)

/** A sign-out revokes the refresh token that is the newest then, unless the store failed. */
export const newestRevoked: Invariant = ({ history }, { commits, over }) => {
  if (!over || (over.record && !isAsked(over))) return []
  const token = commits.findLast(({ step, record }) => step < over.step && record)?.record?.ledger
    .refreshToken
  if (token === undefined || history.revoked.some(({ refreshToken }) => refreshToken === token)) return []
  return hindered(history.troubles, over.process, BEGINNING, END) ? [] : [`${token} outlives the session`]
}

/** If a session ends because its refresh token is dead, an event reports that, unless the server revoked it. */
export const lossReported: Invariant = ({ history }, { grant, over, refused, reported }) => {
  if (over?.record?.ended !== 'grant_rejected' || refused || reported) return []
  // If the store is slow, a sign-out revokes the refresh token before the session ends.
  if (isSigningOut(history, grant, over)) return []
  // A request that the server sees last, long after its time limit. An event has reported its unknown outcome.
  if (history.troubles.some(({ what }) => what === 'stalled')) return []
  // The process that ended it was killed, or could not know that.
  if (hindered(history.troubles, over.process, BEGINNING, END)) return []
  return ['the session ended without a reported cause']
}

/** A request that was overtaken arrives after the grace period, unless another failure caused it. */
function endsGrace({ kind, what }: Trouble, profile: Profile): boolean {
  return kind !== 'answer' || (what === 'stalled' && profile === 'grace')
}

/** The visitor comes again: with the invalid token, or because of Retry-After. */
function isFollowedUp(next: Call | undefined): boolean {
  return next !== undefined && (next.rejected !== undefined || next.isRetry)
}

/** After the failures, the next refresh works, unless a response was lost that a strict server sends only one time. */
export const usable: Invariant = ({ plan, history, server }, facts) => {
  const { grant, over, givenUp, refused, lost, repeats, reported } = facts
  const isSignedOut = over !== undefined && (!over.record || isAsked(over))
  if (refused || givenUp || isSignedOut || (over && isSigningOut(history, grant, over))) return []
  const isForgiving = plan.profile === 'tolerant' || plan.profile === 'static'
  // If a grace period covers the second use, it does no harm.
  const hasGrace = plan.profile === 'grace' || plan.profile === 'newest'
  const isRisky = hasGrace ? history.troubles.some((each) => endsGrace(each, plan.profile)) : true
  // With the grace period, only a response that never comes costs the session, whatever was reported.
  const isExcused = isRisky ? lost || reported || repeats.length > 0 : lost
  if (!isForgiving && isExcused) return []
  const probes = history.calls.filter((call) => call.probe && call.grant === grant)
  return probes
    .filter((call, index) => !isValid(call) && !isFollowedUp(probes[index + 1]))
    .map(
      ({ began, signIn, error }) =>
        `no token at ${moment(began)}: ${signIn ?? (error instanceof Error ? error.message : 'expired')}`,
    )

  function isValid({ token = '', ended = END }: Call): boolean {
    return (server.tokens.get(token)?.expiresAt ?? 0) > EPOCH + ended.time / 1000
  }
}
