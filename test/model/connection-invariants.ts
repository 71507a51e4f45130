import { connectionOf, keysOf } from './owners.ts'
import { BEGINNING, END, hindered, isConsent, isKilled, moment } from './facts.ts'
import type { Commit, Notice, Send } from './history.ts'
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

/**
 * C3: the owner learns about each change one time, also if the store loses the response of the swap or makes the swap later. A writer
 * that was killed, or stopped while its store failed, may miss one.
 */
export const noticedOnce = ofConnections(({ history }, { commits, grant }) =>
  Object.entries(NOTICED).flatMap(([kind, isNoticed]) => {
    const changes = changesOf(commits).filter(isNoticed).length
    const notices = history.notices.filter((notice) => notice.grant === grant && notice.kind === kind).length
    const isRight = isStoppedWriter(history) ? notices <= changes : notices === changes
    return isRight ? [] : [`${notices} notices that it is ${kind}, after ${changes} changes`]
  }),
)

/** A process that is killed reports nothing. One that is stopped reads a record that its store lost for a limited time. */
function isStoppedWriter({ troubles }: Outcome['history']): boolean {
  const hasFailed = troubles.some(({ kind }) => kind === 'store')
  return troubles.some(({ kind }) => kind === 'killed' || (kind === 'stopped' && hasFailed))
}

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

/** C6: the refresh of idle grants finds each connection whose grant it can refresh. */
export const foundIfIdle = ofConnections(({ foundIdle }, { commits, grant }) => {
  const last = commits.at(-1)
  const isUsable =
    last !== undefined && isStored(last) && !isRefused(last) && last.record?.ledger.refreshToken !== undefined
  return isUsable && !foundIdle[grant] ? ['the refresh of idle grants does not find the connection'] : []
})

/**
 * C7: a removal revokes the refresh token that is the newest then, and each one that arrives later. If the owner connects the
 * same account again, a late one is kept, because the server may have continued the grant.
 */
export const removedAccountRevoked = ofConnections(({ history, server }, { commits, sends }) => {
  const accountOf = ({ record }: Commit) => server.issued.get(record?.ledger.refreshToken ?? '')?.account
  const isRevoked = (token: string) => history.revoked.some(({ refreshToken }) => refreshToken === token)
  return changesOf(commits)
    .filter(([before, after]) => isStored(before) && !isStored(after))
    .flatMap(([before, removal]) => {
      const newest = before.record?.ledger.refreshToken
      const isFree = newest === undefined || hindered(history.troubles, removal.process, BEGINNING, END)
      const later = commits.filter((commit) => commit.step > removal.step && isStored(commit))
      const late = sends
        .filter(({ sent, process }) => sent.step < removal.step && !isKilled(history.troubles, process))
        .filter(({ delivered = BEGINNING }) => delivered.step > removal.step)
        .filter(({ refreshToken }) => {
          const { account } = server.issued.get(refreshToken) ?? {}
          return later.every((commit) => ![account, undefined].includes(accountOf(commit)))
        })
        .flatMap(({ delivered, judged }) => (isGrant(delivered) ? (judged?.gave ?? []) : []))
      return [...(isFree ? [] : [newest]), ...late].filter((token) => !isRevoked(token))
    })
    .map((token) => `${token} of an account that was removed is not revoked`)
})

function isGrant(delivered: Send['delivered']): boolean {
  return delivered?.kind === 'refreshed' || delivered?.kind === 'subject_changed'
}

/** A process that dies, or has no store, may leave a connection that it was removing in the list. */
function isIncomplete({ troubles }: Outcome['history']): boolean {
  return troubles.some(({ kind }) => kind === 'store' || kind === 'killed')
}
