import { BEGINNING, END, moment, wrongClocks } from './facts.ts'
import type { Commit, Send } from './history.ts'
import type { Invariant } from './invariants.ts'
import type { Plan } from './plan.ts'

const MORE_MS = 250
/** With slower messages than these, only the last read of a waiting caller takes too much of the 250 ms. */
const NEAR_MS = 40

/**
 * Without failures, a caller that waits for a refresh has its token one token request, two round trips of the store
 * and 250 ms after the claim was taken, or after the call came. Refreshes of one session for several resources go one
 * after the other: each that a call has to let pass may take as long.
 */
export const waitsNoLonger: Invariant = ({ history, plan }, { grant, sends, commits, over }) => {
  const slowestMs = Math.max(...plan.latencies)
  // Each consent changes the record too, which costs the refresh another round trip.
  const isWritten = over !== undefined || history.consents.length > 0
  if (history.troubles.length > 0 || isWritten || !isCalm(plan) || slowestMs > NEAR_MS) return []
  return history.calls
    .filter((call) => call.grant === grant && call.token !== undefined)
    .flatMap(({ token, began, ended = END }) => {
      const refresh = sends.find(({ judged }) => judged?.accessToken === token)
      if (!refresh) return []
      const leased = leaseOf(refresh, commits)
      const passed = sends.filter(({ sent }) => sent.step >= leased.step && sent.step <= ended.step)
      const allowedMs = passed.map((send) => roundTripMs(send) + 4 * slowestMs + MORE_MS)
      const waitedMs = ended.time - Math.max(began.time, leased.time)
      const tooLongMs = waitedMs - allowedMs.reduce((sum, ms) => sum + ms, 0)
      return tooLongMs > 0 ? [`the call of ${moment(began)} waited ${tooLongMs} ms too long`] : []
    })
}

function isCalm(plan: Plan): boolean {
  return plan.storeFaults.length === 0 && !plan.isMute && !wrongClocks(plan)
}

function leaseOf({ sent, process }: Send, commits: readonly Commit[]) {
  const isLease = (commit: Commit) => commit.process === process && commit.record?.ledger.lease !== undefined
  return commits.findLast((commit) => commit.step <= sent.step && isLease(commit)) ?? BEGINNING
}

function roundTripMs({ sent, delivered }: Send): number {
  return (delivered ?? sent).time - sent.time
}
