import { EPOCH, type Moment } from '../machines/machine.ts'
import type { Commit, History, Send, Told, Trouble } from './history.ts'
import type { Plan, Profile } from './plan.ts'
import type { Outcome } from './run.ts'
import { REQUEST_TIMEOUT_MS } from './server-link.ts'
import { fingerprintOf } from './sessions.ts'

/** The facts that a history shows about one session. */
export interface Facts {
  readonly grant: number
  readonly commits: readonly Commit[]
  readonly sends: readonly Send[]
  /** The commit with which the session was over. */
  readonly over: Commit | undefined
  /** Its refresh token was revoked for the user. */
  readonly givenUp: Commit | undefined
  /** Uses of a refresh token that was used before: each with the earlier one. */
  readonly repeats: readonly (readonly [earlier: Send, later: Send])[]
  /** The server's own decision: it refused, or spoke of another user. */
  readonly refused: boolean
  /** An answer that consumed the refresh token was lost in the network, or with the process that received it. */
  readonly lost: boolean
  /** An event reported that the refresh token was lost. */
  readonly reported: boolean
  /** Such events. */
  readonly reports: readonly Told[]
}

export const BEGINNING: Moment = { time: 0, step: 0 }
export const END: Moment = { time: Infinity, step: Infinity }
/** A fault is visible among the first. */
const MOST_SENDS = 30
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

export function factsOf({ history, plan }: Outcome, grant: number): Facts {
  const commits = history.commits.filter((commit) => commit.grant === grant)
  const sends = history.sends.filter((send) => send.grant === grant)
  const judged = sends.filter((send) => send.judged).slice(0, MOST_SENDS)
  const over = commits.find(({ record }) => !record || record.ended)
  const reports = history.told.filter(
    ({ event }) => event.type === 'refresh_token_lost' && event.session === fingerprintOf(grant),
  )
  const untilOver = sends.filter(({ sent }) => !over || sent.step < over.step)
  return {
    grant,
    commits,
    sends,
    over,
    givenUp: commits.find(
      ({ record }) => record && !record.ended && record.ledger.refreshToken === undefined,
    ),
    repeats: plan.profile === 'static' ? [] : repeatsOf(judged),
    // While another process tries, one refusal is not decisive.
    refused: sends.some(({ fault }) => fault === 'subject_changed') || untilOver.at(-1)?.fault === 'rejected',
    lost: judged.some((send) => isLost(send, history.troubles)),
    reported: reports.length > 0,
    reports,
  }
}

function repeatsOf(judged: readonly Send[]): Facts['repeats'] {
  return judged.flatMap((later, index) =>
    judged
      .slice(0, index)
      .filter(({ refreshToken }) => refreshToken === later.refreshToken)
      .map((earlier) => [earlier, later] as const),
  )
}

function isLost({ judged, delivered, fault, process }: Send, troubles: readonly Trouble[]): boolean {
  if (judged?.rejected || (fault === undefined && !isKilled(troubles, process))) return false
  return delivered?.kind !== 'refreshed' && delivered?.kind !== 'subject_changed'
}

/** Whether a user had asked to sign out of the session. Its process refuses the session from then on if the store fails. */
export function isSigningOut({ calls }: History, grant: number, { step }: Moment): boolean {
  return calls.some((call) => call.grant === grant && call.visit.act === 'logout' && call.began.step <= step)
}

export function isKilled(troubles: readonly Trouble[], process: number): boolean {
  return troubles.some((trouble) => trouble.process === process && trouble.kind === 'killed')
}

/** Whether a process was stopped, or let down by the store, at some time between two moments. */
export function hindered(troubles: readonly Trouble[], process: number, from: Moment, to: Moment): boolean {
  return troubles.some((trouble) => {
    if (trouble.process !== process || trouble.step > to.step) return false
    if (trouble.kind === 'store') return trouble.step >= from.step
    return (trouble.kind === 'stopped' || trouble.kind === 'killed') && (trouble.until ?? 0) >= from.time
  })
}

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
function isLastTry({ plan }: Outcome, { judged }: Send, { sent }: Send): boolean {
  if (plan.profile === 'strict' || judged?.rejected !== true) return false
  return sent.time - judged.time >= LAST_WAIT_MS || (wrongClocks(plan) && !showsTime(plan))
}

function hasLapsed(outcome: Outcome, earlier: Send, later: Send): boolean {
  const { history, plan } = outcome
  const { troubles } = history
  const watched = later.sent.time - earlier.sent.time - stoppedMs(troubles, earlier.sent, later)
  if (plan.profile === 'strict' && hasGoodToken(outcome, later)) return false
  return watched >= LAPSE_MS[plan.profile] && hindered(troubles, earlier.process, earlier.sent, later.sent)
}

/** While an access token works, the second use of a refresh token would put the grant at risk for nothing. */
function hasGoodToken({ plan, history }: Outcome, { grant, resource, sent }: Send): boolean {
  const isRejected = history.calls.some((call) => call.grant === grant && call.rejected !== undefined)
  if (isRejected || wrongClocks(plan)) return false
  const record = history.commits.findLast(
    (commit) => commit.grant === grant && commit.step < sent.step,
  )?.record
  const [, token] =
    Object.entries(record?.ledger.tokens ?? {}).find(([key]) =>
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

export function wrongClocks({ clocks, jumps }: Plan): boolean {
  return clocks.some((seconds) => seconds !== 0) || jumps.length > 0
}

/** Whether the server sends its time. Otherwise, pauses are measured by the wall clocks of processes, which can differ. */
function showsTime({ serverAhead, isMute }: Plan): boolean {
  return serverAhead !== undefined && !isMute
}

/** Whether a clock is wrong by more than tokens live. */
export function wildClocks({ clocks, jumps, lifetimeSeconds }: Plan): boolean {
  const all = [...clocks, ...jumps.map(({ seconds }) => seconds)]
  return all.some((seconds) => Math.abs(seconds) > lifetimeSeconds)
}

/** Whether a text contains a token. */
export function showsToken(text: string): boolean {
  return /\b[ra]t\.\d/.test(text)
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

export function moment({ time, step }: Moment): string {
  return `${time} ms (step ${step})`
}
