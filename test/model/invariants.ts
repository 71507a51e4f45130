import {
  everyCallEnds,
  noErrorUnlessTroubled,
  noSignInUnlessOver,
  oncePerExpiry,
  waitsBounded,
} from './call-invariants.ts'
import {
  brokenByLineage,
  foundIfIdle,
  keepsRecord,
  listedWhileStored,
  newGrantKept,
  noticedOnce,
  removedAccountRevoked,
} from './connection-invariants.ts'
import { type Facts, factsOf } from './facts.ts'
import { staysHome } from './parcel-invariants.ts'
import {
  lateKept,
  lossReported,
  newestKept,
  newestRevoked,
  persistedInTime,
  usable,
  usedOnce,
} from './refresh-token-invariants.ts'
import type { Outcome } from './run.ts'
import {
  discreet,
  neverLongExpired,
  ownToken,
  servedWhileValid,
  staysOver,
  tokenIsGood,
} from './token-invariants.ts'
import { waitsNoLonger } from './wait-invariants.ts'

/** Returns the violations of a run for one session. */
export type Invariant = (outcome: Outcome, facts: Facts) => readonly string[]

const invariants: readonly (readonly [name: string, check: Invariant])[] = [
  ['I1', usedOnce],
  ['I2', newestKept],
  ['I2', lateKept],
  ['I2', persistedInTime],
  ['I2', newestRevoked],
  ['I2', lossReported],
  ['I3', staysHome],
  ['I4', staysOver],
  ['I4', ownToken],
  ['I5', discreet],
  ['I6', waitsNoLonger],
  ['I6', waitsBounded],
  ['I7', noSignInUnlessOver],
  ['I7', noErrorUnlessTroubled],
  ['I7', servedWhileValid],
  ['I7', tokenIsGood],
  ['I8', oncePerExpiry],
  ['I9', neverLongExpired],
  ['C1', keepsRecord],
  ['C2', brokenByLineage],
  ['C3', noticedOnce],
  ['C4', newGrantKept],
  ['C5', listedWhileStored],
  ['C6', foundIfIdle],
  ['C7', removedAccountRevoked],
  ['usable', usable],
  ['settles', everyCallEnds],
]

/** The violations of a run, by name. Empty if there are none. */
export function violations(outcome: Outcome): string[] {
  if (!outcome.settled) return ['settles: the run does not end']
  const sessions = Array.from({ length: outcome.plan.sessions }, (_, grant) => factsOf(outcome, grant))
  return sessions.flatMap((facts) =>
    invariants.flatMap(([name, check]) => check(outcome, facts).map((what) => `${name}: ${what}`)),
  )
}
