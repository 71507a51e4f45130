import {
  discreet,
  errorsAreTold,
  everyCallEnds,
  neverLongExpired,
  noErrorWhenCalm,
  waitsBounded,
} from './call-invariants.ts'
import { type Facts, sessionsOf } from './facts.ts'
import { grantLives, newestKept, oncePerExpiry, signOutRevokes, usedOnce } from './refresh-invariants.ts'
import type { Outcome } from './run.ts'
import {
  cookiesAreNews,
  endsForCause,
  neverBack,
  noSignInWhileAlive,
  ownUser,
  staysOver,
  usable,
} from './session-invariants.ts'

/** Returns the violations of one rule in one session. */
export type Invariant = (outcome: Outcome, facts: Facts) => readonly string[]

const INVARIANTS: readonly (readonly [name: string, check: Invariant])[] = [
  ['I1', usedOnce],
  ['I2', newestKept],
  ['I2', signOutRevokes],
  ['I2', endsForCause],
  ['I2', grantLives],
  ['I4', staysOver],
  ['I4', ownUser],
  ['I5', discreet],
  ['I6', waitsBounded],
  ['I7', noSignInWhileAlive],
  ['I7', noErrorWhenCalm],
  ['I8', oncePerExpiry],
  ['I9', neverLongExpired],
  ['I10', errorsAreTold],
  ['D2', neverBack],
  ['D2', cookiesAreNews],
  ['usable', usable],
  ['settles', everyCallEnds],
]

/** Returns all violations of a run. */
export function violationsOf(outcome: Outcome): string[] {
  const { settled, history } = outcome
  if (!settled) return ['settles: the run does not end', ...history.seen]
  const found = sessionsOf(outcome).flatMap((facts) =>
    INVARIANTS.flatMap(([name, check]) =>
      check(outcome, facts).map(
        (what) => `${name}: ${what} [${facts.user}, session ${facts.key.slice(0, 6)}]`,
      ),
    ),
  )
  return [...history.seen, ...found]
}
