import { EPOCH } from '../machines/machine.ts'
import { END, hindered, showsTime, wrongClocks } from './facts.ts'
import type { Send, Trouble } from './history.ts'
import type { Moment } from '../machines/machine.ts'
import type { Profile } from './plan.ts'
import type { Outcome } from './run.ts'
import { REQUEST_TIMEOUT_MS } from './server-link.ts'

/** A lease is watched for 2 seconds more before another process takes it over: so long after it, the request leaves. */
const LAPSE_MS: Record<Profile, number> = {
  strict: 18_000,
  static: 18_000,
  grace: 6000,
  newest: 6000,
  tolerant: 6000,
}
/** The shortest back-off. */
const BACK_OFF_MS = 1000
/** Dates have whole seconds, so the readings of two processes differ by up to this time. */
const DATE_TOLERANCE_MS = 1000
/** A token with less time left is not sent. */
const LEFT_SECONDS = 6
/** After a refusal, the response to an earlier request is awaited for so long. */
const LAST_WAIT_MS = 60_000

/**
 * Whether policy declares the second use of a refresh token: no process that could act knew the outcome of the first.
 * Either the sender could not report it, and its lease was watched until it lapsed, or its response was lost, and
 * a process tried again after a pause (immediately only if the server allows it), or both, one after the other.
 */
export function isDeclared(outcome: Outcome, earlier: Send, later: Send): boolean {
  if (isOneOfThese(outcome, earlier, later)) return true
  return outcome.history.sends
    .filter(({ refreshToken }) => refreshToken === earlier.refreshToken)
    .filter(({ sent }) => sent.step > earlier.sent.step && sent.step < later.sent.step)
    .some((between) => isOneOfThese(outcome, between, later) && isDeclared(outcome, earlier, between))
}

function isOneOfThese(outcome: Outcome, earlier: Send, later: Send): boolean {
  const isAlone = hasLapsed(outcome, earlier, later) || isRetry(outcome, earlier, later)
  if (isAlone || isSecondSend(outcome, earlier, later)) return true
  return isLastTry(outcome, earlier, later) || isPlainTry(earlier, later)
}

/** The server has refused a request with parameters. The refresh without parameters shows whether it refused only these. */
function isPlainTry({ resource, delivered }: Send, later: Send): boolean {
  const isRefused = delivered?.kind === 'rejected' && delivered.step < later.sent.step
  return isRefused && resource !== '' && later.resource === ''
}

/** While the first request has no response, its sender may send another one, where the server forgives that. */
function isSecondSend({ plan: { profile } }: Outcome, earlier: Send, later: Send): boolean {
  const isForgiving = profile !== 'strict' && profile !== 'static'
  const isOpen = !earlier.delivered || earlier.delivered.step > later.sent.step
  const waitedMs = later.sent.time - earlier.sent.time
  return isForgiving && isOpen && earlier.process === later.process && waitedMs >= REQUEST_TIMEOUT_MS
}

/** After a refusal in doubt, again: the response to an earlier request had time to arrive. */
function isLastTry({ plan, history }: Outcome, earlier: Send, { sent }: Send): boolean {
  const { judged, refreshToken } = earlier
  if (plan.profile === 'strict' || judged?.rejected !== true) return false
  const isAwaited = ({ delivered }: Send) => delivered?.kind === 'ambiguous' && delivered.step > judged.step
  const first = history.sends.find((send) => send.refreshToken === refreshToken && isAwaited(send))
  if (first && first.sent.step < earlier.sent.step && (first.delivered ?? END).step < sent.step) return true
  return sent.time - judged.time >= LAST_WAIT_MS || (wrongClocks(plan) && !showsTime(plan))
}

function hasLapsed(outcome: Outcome, earlier: Send, later: Send): boolean {
  const { history, plan } = outcome
  const { troubles } = history
  const watched = later.sent.time - earlier.sent.time - stoppedMs(troubles, earlier.sent, later)
  if (plan.profile === 'strict' && hasGoodToken(outcome, later)) return false
  return watched >= LAPSE_MS[plan.profile] && hindered(troubles, earlier.process, earlier.sent, later.sent)
}

/**
 * While an access token works, the second use of a refresh token would put the grant at risk for nothing. The sender knows the
 * record with its lease. If the first sender stores its response after that, the second request is already on its way.
 */
function hasGoodToken({ plan, history }: Outcome, { process, grant, resource, sent }: Send): boolean {
  const isRejected = history.calls.some((call) => call.grant === grant && call.rejected !== undefined)
  if (isRejected || wrongClocks(plan)) return false
  const leased = history.commits.findLast(
    (commit) =>
      commit.grant === grant &&
      commit.process === process &&
      commit.step < sent.step &&
      commit.record?.ledger.lease !== undefined,
  )
  const [, token] =
    Object.entries(leased?.record?.ledger.tokens ?? {}).find(([key]) =>
      resource === '' ? key === '' : key.includes(resource),
    ) ?? []
  const now = EPOCH + (token?.ahead ?? 0) + sent.time / 1000
  return token !== undefined && token.expiresAt - now > LEFT_SECONDS
}

function isRetry({ plan, history }: Outcome, earlier: Send, later: Send): boolean {
  const { delivered } = earlier
  if (delivered?.kind !== 'ambiguous' || delivered.step > later.sent.step) return false
  if (wasThere(earlier, history.troubles)) return false
  if (plan.profile !== 'strict' || wrongClocks(plan)) return true
  const areOneProcess = earlier.process === later.process
  const leastMs = areOneProcess || !showsTime(plan) ? BACK_OFF_MS : BACK_OFF_MS - DATE_TOLERANCE_MS
  return later.sent.time - delivered.time >= leastMs
}

/** An answer that nothing had delayed but a pause of the process itself; a second pause may end while it is looked for. */
function wasThere({ judged, fault, process, sent, delivered }: Send, troubles: readonly Trouble[]): boolean {
  const stops = troubles.filter(
    ({ kind, process: stopped, step, until = 0 }) =>
      kind === 'stopped' && stopped === process && step <= (delivered?.step ?? 0) && until >= sent.time,
  )
  return judged !== undefined && fault === undefined && stops.length < 2
}

/** How long the process that sends was itself stopped since a moment: it cannot have watched anything then. */
function stoppedMs(troubles: readonly Trouble[], from: Moment, { process, sent }: Send): number {
  const stops = troubles
    .filter((trouble) => trouble.process === process && trouble.kind === 'stopped')
    .map(({ time, until = 0 }) => Math.min(until, sent.time) - Math.max(time, from.time))
  return Math.max(0, ...stops)
}
