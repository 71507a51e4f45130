import { connectionOf, keysOf } from './owners.ts'
import { isConsent, moment } from './facts.ts'
import type { Commit, Notice } from './history.ts'
import type { Invariant } from './invariants.ts'
import type { Outcome } from './run.ts'

/** Checks that apply to stored connections only. */
const ofConnections =
  (check: Invariant): Invariant =>
  (outcome, facts) =>
    outcome.plan.kind === 'connection' ? check(outcome, facts) : []

type Change = readonly [before: Commit, after: Commit]

function changesOf(commits: readonly Commit[]): Change[] {
  return commits.slice(1).map((after, index) => [commits[index] as Commit, after])
}

const isStored = ({ record }: Commit) => record !== undefined && record.ended === undefined
const isRefused = ({ record }: Commit) => record?.broken !== undefined && !record.broken.isTemporary
const isBroken = (commit: Commit) => isStored(commit) && commit.record?.broken !== undefined

/** C1: whatever the server refuses, the record stays, and so does its refresh token. It is that of its owner. */
export const keepsRecord = ofConnections(({ plan }, { commits, grant }) => {
  const { owner, name } = connectionOf(grant)
  const isForeign = ({ record }: Commit) =>
    record?.id !== keysOf(plan)[grant] || record?.owner !== owner || record?.name !== name
  const lost = changesOf(commits).filter(([before, after]) => {
    const isUsable =
      isStored(before) && !isRefused(before) && before.record?.ledger.refreshToken !== undefined
    return isUsable && isStored(after) && after.record?.ledger.refreshToken === undefined
  })
  return [
    ...commits.filter(({ record }) => !record).map((each) => `the record was removed at ${moment(each)}`),
    ...commits.filter(isForeign).map((each) => `the record of another owner was stored at ${moment(each)}`),
    ...lost.map(([, after]) => `the refresh token was dropped at ${moment(after)}`),
  ]
})

/** C2: the owner must connect again only if the server has refused the refresh token that the record has then. */
export const brokenByLineage = ofConnections((_outcome, { commits, sends }) =>
  changesOf(commits)
    .filter(([before, after]) => !isRefused(before) && isRefused(after))
    .map(([, after]) => after)
    .filter(({ record, step }) => {
      const uses = sends.filter(({ refreshToken }) => refreshToken === record?.ledger.refreshToken)
      const isDecided = uses.some(
        ({ delivered }) =>
          delivered !== undefined &&
          delivered.step < step &&
          (delivered.kind === 'rejected' || delivered.kind === 'subject_changed'),
      )
      return !isDecided
    })
    .map(
      (after) => `the grant is marked as broken at ${moment(after)}, but its refresh token was not refused`,
    ),
)

const NOTICED: Record<Notice['kind'], (change: Change) => boolean> = {
  created: ([before, after]) => !isStored(before) && isStored(after),
  removed: ([before, after]) => isStored(before) && !isStored(after),
  broken: ([before, after]) => isStored(before) && !isBroken(before) && isBroken(after),
  recovered: ([before, after]) => isBroken(before) && isStored(after) && !isBroken(after),
}

/** C3: the owner learns about each change one time. If a process dies or has no store, it may miss one. */
export const noticedOnce = ofConnections(({ history }, { commits, grant }) =>
  Object.entries(NOTICED).flatMap(([kind, isNoticed]) => {
    const changes = changesOf(commits).filter(isNoticed).length
    const notices = history.notices.filter((notice) => notice.grant === grant && notice.kind === kind).length
    const isExact = !history.troubles.some((trouble) => trouble.kind === 'store' || trouble.kind === 'killed')
    const isRight = isExact ? notices === changes : notices <= changes
    return isRight ? [] : [`${notices} notices that it is ${kind}, after ${changes} changes`]
  }),
)

/** C4: only the owner replaces a grant, or brings back a connection that was removed. */
export const newGrantKept = ofConnections(({ history, server }, { commits }) => {
  const consentOf = ({ record }: Commit) => server.issued.get(record?.ledger.refreshToken ?? '')?.consent
  const isOther = (before: Commit, after: Commit) => {
    const [earlier, later] = [consentOf(before), consentOf(after)]
    return earlier !== undefined && later !== undefined && earlier !== later
  }
  return changesOf(commits)
    .filter(([, after]) => isStored(after) && !isConsent(history, after))
    .filter(([before, after]) => !isStored(before) || isOther(before, after))
    .map(([, after]) => `the grant was replaced at ${moment(after)} without its owner`)
})

/** C5: a connection that is stored is listed, so that its owner can remove it. */
export const listedWhileStored = ofConnections(({ listed, history }, { commits, grant }) => {
  const last = commits.at(-1)
  if (isIncomplete(history)) return []
  const isThere = last !== undefined && isStored(last)
  return isThere === listed[grant] ? [] : [`the connection is ${isThere ? 'not listed' : 'still listed'}`]
})

/** A process that dies, or has no store, may leave a connection that it was removing in the list. */
function isIncomplete({ troubles }: Outcome['history']): boolean {
  return troubles.some(({ kind }) => kind === 'store' || kind === 'killed')
}
