import { ENDING } from './acts.ts'
import {
  type Facts,
  END,
  hindered,
  isExcused,
  isForgotten,
  isIdle,
  isKilled,
  knowsTime,
  moment,
  wasOvertaken,
  wrongClocks,
} from './facts.ts'
import type { Call, Commit } from './history.ts'
import type { Invariant } from './invariants.ts'

/** A process tries so long to end the session that a sign-in has replaced. */
const REPLACING_MS = 600_000
/** A request for one resource is not repeated for so long after its refusal, in milliseconds. */
const REFUSED_MS = 80_000
/** A response can carry news that are so old, in milliseconds. */
const NEWS_MS = 30_000

/** D2: no state is followed by an older one, and no refresh token by one that came before it. */
export const neverBack: Invariant = (outcome, facts) => {
  const { history, plan } = outcome
  const depthOf = ({ record }: Commit) => history.issued.get(record?.ledger.refreshToken ?? '')?.depth
  // A clock that jumps makes the memory of its process forget.
  if (plan.store === 'private' && wrongClocks(outcome)) return []
  const found: string[] = []
  const newest = new Map<number, { generation: number; depth: number; commit: Commit }>()
  for (const commit of facts.commits) {
    // Each process knows only its own store then.
    const scope = plan.store === 'private' ? commit.process : 0
    const before = newest.get(scope)
    // The end of a session is an end, of any generation.
    const generation = commit.record?.ended ? Infinity : (commit.record?.generation ?? Infinity)
    const depth = depthOf(commit) ?? before?.depth ?? 0
    if (before && depth < before.depth)
      found.push(
        `a spent refresh token was restored at ${moment(commit)}, over that of ${moment(before.commit)}`,
      )
    if (before && generation < before.generation)
      found.push(
        `generation ${generation} was restored at ${moment(commit)}, over ${before.generation} of ${moment(before.commit)}`,
      )
    newest.set(scope, {
      generation: Math.max(generation, before?.generation ?? 0),
      depth: Math.max(depth, before?.depth ?? 0),
      commit,
    })
  }
  return found
}

/** A cookie that leaves was the newest state a moment ago. */
export const cookiesAreNews: Invariant = (outcome, { states, commits }) =>
  states
    .filter(
      ({ where, process, time, step }) =>
        where === 'cookie' && !hindered(outcome, process, { time: time - NEWS_MS, step }),
    )
    .filter(({ process, time, record }) =>
      commits.some(
        (commit) =>
          time - commit.time > NEWS_MS + 6000 &&
          (outcome.plan.store === 'shared' || commit.process === process) &&
          (commit.record?.generation ?? 0) > (record?.generation ?? 0),
      ),
    )
    .map((cookie) => `an old generation left in a cookie at ${moment(cookie)}`)

/** Once a session is over, nothing is served from it, and it never comes back. */
export const staysOver: Invariant = (outcome, { over, commits, calls }) => {
  if (!over) return []
  const isKnown = (process: number) => outcome.plan.store === 'shared' || process === over.process
  const isLater = ({ step, process }: { step: number; process: number }) =>
    step > over.step && isKnown(process)
  return [
    ...commits
      .filter((commit) => isLater(commit) && commit.record && !commit.record.ended)
      .map((commit) => `the session came back at ${moment(commit)}`),
    ...calls
      .filter(({ began, process }) => isLater({ ...began, process }))
      .filter(({ token, sub, visit }) => (token !== undefined && visit.act === 'token') || sub !== undefined)
      .map(({ began, act }) => `${act} was served at ${moment(began)} from a session that is over`),
  ]
}

/** No user gets the token or the claims of another user. */
export const ownUser: Invariant = ({ setting }, { calls, user }) =>
  calls
    .filter(({ token, sub, visit }) => {
      const owner = token === undefined ? undefined : setting.accessTokens.get(token)?.sub
      return [owner, sub].some((each) => each !== undefined && each !== visit.user) || user !== visit.user
    })
    .map(({ began }) => `something of another user was served at ${moment(began)}`)

/** I7: no user is asked to sign in while the session lives. */
export const noSignInWhileAlive: Invariant = (outcome, facts) => {
  const { over, givenUp, calls } = facts
  if (isForgotten(outcome, facts)) return []
  return (
    calls
      .filter(({ signIn, visit }) => signIn && (visit.isProbe || !wrongClocks(outcome)))
      .filter(({ ended = END }) => !isIdle(outcome, facts, ended))
      .filter(({ ended = END }) => ![over, givenUp].some((commit) => commit && commit.step <= ended.step))
      // While the store fails, a process refuses a session whose user has asked to sign out, or has signed in again.
      .filter(({ ended = END }) => !isSigningOut(facts, ended) && !isBeingReplaced(facts, ended))
      .filter((call) => !isRefusedForResource(facts, call))
      .map(({ began, act }) => `${act} asked for a sign-in at ${moment(began)} while the session lives`)
  )
}

/** Whether the server has just refused the grant for this resource. The plain refresh must follow. */
function isRefusedForResource({ sends }: Facts, { visit, ended = END }: Call): boolean {
  if (visit.resource === '') return false
  return sends.some(({ resource, judged, delivered = END }) => {
    const isRefused = resource === visit.resource && judged?.status === 400 && delivered.step < ended.step
    if (!isRefused || ended.time - delivered.time > REFUSED_MS) return false
    return sends.some((plain) => plain.resource === '' && plain.sent.step >= delivered.step)
  })
}

/** Whether a new session may have taken the place of this one before the store confirmed that. */
function isBeingReplaced({ over }: Pick<Facts, 'over'>, { time }: { readonly time: number }): boolean {
  return over?.record?.ended === 'replaced' && over.time - time < REPLACING_MS
}

/** Whether the user has asked to sign out by that time, and the store has not confirmed it soon. */
function isSigningOut({ told, calls }: Facts, { step }: { readonly step: number }): boolean {
  const isIncomplete = told.some(({ event }) => event.type === 'sign_out_incomplete')
  return isIncomplete && calls.some(({ act, began }) => ENDING.includes(act) && began.step <= step)
}

/** I2: a session that ends because its refresh token is dead had a cause that no client can prevent, and an event reported it. */
export const endsForCause: Invariant = (outcome, facts) => {
  const { over, told } = facts
  const reason = over?.record?.ended
  if (reason !== 'grant_rejected' && reason !== 'subject_changed') return []
  // A sign-out revokes the refresh token of the cookie before the store responds. Another process can still use it.
  if (over && isSigningOut(facts, over)) return []
  if (!isExcused(outcome, facts)) return [`the session was lost at ${moment(over as Commit)}`]
  const isTold = told.some(({ event }) => event.type === 'refresh_token_lost')
  const wasDoubted = facts.sends.some(
    (send) => send.fault === 'invalid_grant' || send.fault === 'ID token of another subject',
  )
  const isHindered =
    hindered(outcome, over?.process ?? -1, { time: 0, step: 0 }) ||
    outcome.fleet.instances.some((each) => isKilled(outcome, each.machine.index))
  return isTold || wasDoubted || wasOvertaken(facts) || isHindered
    ? []
    : ['the session ended, and no event reported the loss']
}

/** After the last fault, the session can be used. */
export const usable: Invariant = (outcome, facts) => {
  const { over, givenUp, calls } = facts
  if (over || givenUp || isExcused(outcome, facts) || !knowsTime(outcome)) return []
  const probes = calls.filter(({ visit, key }) => visit.isProbe && key === facts.key)
  const last = probes.at(-1)
  if (!last || isIdle(outcome, facts, last.began)) return []
  const expiresAt = outcome.setting.accessTokens.get(last.token ?? '')?.expiresAt ?? 0
  const isGood =
    expiresAt > outcome.setting.world.now() - (outcome.setting.world.time - (last.ended ?? END).time) / 1000
  return isGood
    ? []
    : [
        `no token at ${moment(last.began)}: ${last.signIn ? 'sign-in' : ((last.error as Error | undefined)?.message ?? 'expired')}`,
      ]
}
