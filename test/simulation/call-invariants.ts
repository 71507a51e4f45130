import { END, hindered, isAbort, moment, wasStopped, knowsTime } from './facts.ts'
import type { Call } from './history.ts'
import type { Invariant } from './invariants.ts'
import { CANARY } from './setting.ts'

/** Time-outs of a request, of the store and its repetition, and of a request for the time. */
const MAX_WAIT_MS = 10_000 + 2 * 5000 + 5000 + 2000
const PAST_EXPIRY_SECONDS = 5
const LATE_MS = 600_000

const TYPED = [
  'TryLaterError',
  'OperatorError',
  'ConfigurationError',
  'SignInRequiredError',
  'RequestRefusedError',
]

/** Each call ends, unless its process was killed, in a bounded time. */
export const everyCallEnds: Invariant = (outcome, { calls }) =>
  calls
    .filter(
      ({ ended, process }) => !ended && process >= 0 && !outcome.fleet.instances[process]?.machine.killed,
    )
    .map(({ began, act }) => `${act} of ${moment(began)} never ends`)

export const waitsBounded: Invariant = (outcome, { calls }) =>
  calls
    .filter(({ act, process }) => act === 'token' && process >= 0)
    .filter(({ began, ended, process }) => ended && !wasStopped(outcome, process, began))
    .filter(({ began, ended = END }) => ended.time - began.time > MAX_WAIT_MS)
    .map(({ began, ended }) => `the call of ${moment(began)} waited ${(ended ?? END).time - began.time} ms`)

/** Only typed errors are thrown, and an event reports each one (I10). */
export const errorsAreTold: Invariant = (outcome, { calls }) =>
  calls
    .filter(({ error, process }) => error !== undefined && process >= 0)
    .filter((call) => !isAbort(call.error))
    .flatMap((call) => {
      const { began, ended = END, error, process } = call
      if (!TYPED.includes((error as Error).name)) return [`an error at ${moment(began)}: ${String(error)}`]
      const isTold = outcome.history.told.some(
        ({ process: teller, step, event }) =>
          teller === process &&
          step >= began.step &&
          step <= ended.step &&
          (event.type === 'token_unavailable' || event.type === 'store_failed'),
      )
      return isTold || call.act !== 'token'
        ? []
        : [`I10: no event reports the error at ${moment(began)}: ${String(error)}`]
    })

/** Where nothing fails, nothing is thrown except the error for a session that is used too late. */
export const noErrorWhenCalm: Invariant = ({ history }, { calls }) =>
  calls
    .filter(({ error }) => error !== undefined && history.troubles.length === 0 && !isAbort(error))
    .filter(({ error, visit }) => !isExpectedLate(error, visit))
    .map(({ began, error }) => `an error at ${moment(began)} although nothing failed: ${String(error)}`)

function isExpectedLate(error: unknown, { isStream, holdMs }: Call['visit']): boolean {
  const { code } = error as { readonly code?: string }
  return code === 'headers_already_sent' && (isStream || holdMs > LATE_MS - 1000)
}

/** I9: a token is not served more than 5 seconds after its expiry, whatever the clocks of the fleet show. */
export const neverLongExpired: Invariant = (outcome, { calls }) => {
  const { setting } = outcome
  if (!knowsTime(outcome)) return []
  return calls
    .filter(
      ({ token, process, began, ended }) => token !== undefined && !hindered(outcome, process, began, ended),
    )
    .filter(({ token = '', ended = END, act }) => {
      const expiresAt = setting.accessTokens.get(token)?.expiresAt ?? Infinity
      const at = setting.world.now() - (setting.world.time - ended.time) / 1000
      return act === 'token' && at - expiresAt > PAST_EXPIRY_SECONDS
    })
    .map(({ began }) => `a token was served at ${moment(began)} long after its expiry`)
}

/** I5: no credential appears in an event or an error. */
export const discreet: Invariant = ({ history }, { calls }) =>
  [...history.told.map(({ event }) => JSON.stringify(event)), ...calls.map(({ error }) => String(error))]
    .filter((text) => CANARY.test(text))
    .map((text) => `a text shows a credential: ${text}`)
