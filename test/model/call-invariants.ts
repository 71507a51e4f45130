import { END, isAbort, isKilled, isSigningOut, moment, wildClocks, wrongClocks } from './facts.ts'
import type { Call, History } from './history.ts'
import type { Invariant } from './invariants.ts'
import type { Outcome } from './run.ts'

/** The time-out of a request, of a read of the store and its repetition, and of a request for the time. */
const MAX_WAIT_MS = 10_000 + 4000 + 2000 + 2000

const TEMPORARY = ['TryLaterError', 'OperatorError', 'ConfigurationError']
/** The requests of one phase and their background work end within that time. */
const PHASE_MS = 10_000

/** No user must sign in while the session is alive. */
export const noSignInUnlessOver: Invariant = ({ history, plan }, { grant, ends, givenUp }) =>
  history.calls
    .filter((call) => call.grant === grant && call.signIn !== undefined && call.hadCookie)
    .filter(({ ended }) => ![...ends, givenUp].some((commit) => commit && ended && commit.step <= ended.step))
    .filter(({ ended = END }) => !isSigningOut(history, grant, ended))
    // To a clock that is days ahead, a session may seem over.
    .filter(({ probe }) => probe || !wildClocks(plan))
    .filter((call) => !isRefusedForResource(history, grant, call))
    .map(({ began, signIn }) => `sign-in (${signIn}) asked for at ${moment(began)} while the session lives`)

/** The server has refused the grant for one resource. The plain refresh has shown that the grant is alive. */
function isRefusedForResource(
  { sends }: History,
  grant: number,
  { visit, ended = END, signIn }: Call,
): boolean {
  return (
    (signIn === 'login_required' || signIn === 'needs_reauthorization') &&
    visit.resource !== '' &&
    sends
      .filter((send) => send.grant === grant && send.resource === visit.resource)
      .some(({ delivered }) => delivered?.kind === 'rejected' && delivered.step < ended.step)
  )
}

/** Without failures, only the caller's own abort is thrown. Otherwise, only typed errors are. */
export const noErrorUnlessTroubled: Invariant = ({ history }, { grant }) =>
  history.calls
    .filter((call) => call.grant === grant && call.error !== undefined)
    .filter(({ error, visit }) => visit.abortMs === Infinity || !isAbort(error))
    // A connection keeps its account.
    .filter(({ error, visit }) => !visit.act.startsWith('connect') || !isRefusedRequest(error))
    .filter(({ error }) => history.troubles.length === 0 || !TEMPORARY.includes((error as Error).name))
    .map(({ began, error }) => `an error at ${moment(began)}: ${String(error)}`)

function isRefusedRequest(error: unknown): boolean {
  return error instanceof Error && error.name === 'RequestRefusedError'
}

/** Each call comes to an end, unless its process was killed. */
export const everyCallEnds: Invariant = ({ history }, { grant }) =>
  history.calls
    .filter((call) => call.grant === grant && !call.ended && !isKilled(history.troubles, call.process))
    .map(({ began }) => `the call of ${moment(began)} never ends`)

/** A caller waits for the refresh and the store for a bounded time, whatever happens. */
export const waitsBounded: Invariant = ({ history }, { grant }) =>
  history.calls
    .filter((call) => call.grant === grant && call.visit.act !== 'logout' && call.visit.act !== 'revoke')
    .filter(({ process }) => !history.troubles.some((each) => each.process === process && each.until))
    .filter(({ began, ended = END }) => ended.time - began.time > MAX_WAIT_MS)
    .map(({ began }) => `the call of ${moment(began)} waited too long`)

/** Where nothing goes wrong, each expiry costs exactly one token request for each token that is wanted. */
export const oncePerExpiry: Invariant = ({ history, plan }, { sends, grant, ends, givenUp }) => {
  if (
    history.troubles.length > 0 ||
    ends.length > 0 ||
    history.consents.length > 0 ||
    givenUp ||
    wrongClocks(plan) ||
    !isPlain(plan)
  )
    return []
  const mine = history.calls.filter((call) => call.grant === grant && !call.probe)
  const kinds = new Map(
    mine.map(({ visit: { resource, phase } }) => [`'${resource}' in phase ${phase}`, { resource, phase }]),
  )
  return [...kinds].flatMap(([what, { resource, phase }]) => {
    const calls = mine.filter(({ visit }) => visit.resource === resource && visit.phase === phase)
    const began = Math.min(...calls.map((call) => call.began.time))
    const { length } = sends.filter(
      (send) => send.resource === resource && send.sent.time >= began && send.sent.time < began + PHASE_MS,
    )
    const [least, most] = expected(plan, calls)
    return length >= least && length <= most ? [] : [`${length} token requests for ${what}`]
  })
}

/** All requests of a phase come at its beginning, and each token expires before the next. */
function isPlain({ visits, lifetimeSeconds }: Outcome['plan']): boolean {
  const isSlow = visits.some(({ travelMs, thinkMs }) => travelMs + thinkMs > 0)
  return lifetimeSeconds === 60 && !isSlow
}

function expected(plan: Outcome['plan'], calls: readonly Call[]): readonly [least: number, most: number] {
  const isFirst = calls.every(({ visit }) => visit.phase === 0 && visit.resource === '')
  if (isFirst && plan.start === 'fresh' && calls.every(({ rejected }) => rejected === undefined))
    return [0, 0]
  // During another refresh of the session, a soft token is served, and the next request refreshes it.
  const isSoft = isFirst && plan.start === 'soft'
  const isPatient = calls.some(({ visit }) => visit.abortMs === Infinity)
  // The first rejections of a new token cause a refresh immediately.
  const rejecting = calls.filter(({ rejected }) => rejected !== undefined).length
  return [isSoft || !isPatient ? 0 : 1, Math.max(1, rejecting + 1)]
}
