import type { Call, Commit, Send, Told } from './history.ts'
import type { Fault } from './plan.ts'
import type { Outcome } from './run.ts'
import { EPOCH, type Moment } from '../machines/machine.ts'

/** The history of one session. */
export interface Facts {
  readonly key: string
  readonly grant: string
  readonly user: string
  /** The records that stores took, oldest first. */
  readonly commits: readonly Commit[]
  /** The same, and what left in cookies. */
  readonly states: readonly Commit[]
  readonly sends: readonly Send[]
  readonly calls: readonly Call[]
  /** The commit with which the session was over. */
  readonly over: Commit | undefined
  /** The user had its refresh token revoked. */
  readonly givenUp: Commit | undefined
  readonly told: readonly Told[]
}

export const END: Moment = { time: Infinity, step: Infinity }
/** No request travels for so long unless it is delayed. */
const TRAVEL_MS = 1400
/** A process tries to store a new refresh token for so long, at least. */
const KEPT_MS = 60_000
/** The shortest time after which a lease is taken over, less the 2 seconds in which its holder may still send. */
const LAPSE_MS = { strict: 18_000, forgiving: 6000 } as const

/** The facts of each session whose refresh token is known. */
export function sessionsOf({ history }: Outcome): Facts[] {
  const keys = new Set(history.commits.map(({ key }) => key))
  return [...keys].flatMap((key) => factsOf(history, key) ?? [])
}

function factsOf(history: Outcome['history'], key: string): Facts | undefined {
  const states = history.commits.filter((commit) => commit.key === key)
  const commits = states.filter(({ where }) => where === 'store')
  const token = states.find(({ record }) => record?.ledger.refreshToken)?.record?.ledger.refreshToken ?? ''
  const grant = history.issued.get(token)?.grant
  const user = states.find(({ record }) => record?.claims.sub)?.record?.claims.sub
  if (grant === undefined || user === undefined) return undefined
  return {
    key,
    grant,
    user,
    commits,
    states,
    sends: history.sends.filter((send) => send.grant === grant),
    calls: history.calls.filter((call) => call.key === key),
    over: commits.find(({ record }) => !record || record.ended),
    givenUp: commits.find(
      ({ record }) => record && !record.ended && record.ledger.refreshToken === undefined,
    ),
    told: history.told.filter(({ event }) => 'session' in event && event.session === key.slice(0, 8)),
  }
}

export function moment({ time, step }: Moment): string {
  return `${time} ms (step ${step})`
}

export function hadFault({ history }: Outcome, ...faults: readonly Fault[]): boolean {
  return history.troubles.some(({ fault }) => faults.includes(fault))
}

/** Whether a clock of the fleet is, or was, wrong. */
export function wrongClocks(outcome: Outcome): boolean {
  return hadFault(outcome, 'wrong clocks', 'clock jumps', 'suspensions')
}

/** With a wrong clock, a process needs a response of the server that shows the time. */
export function knowsTime(outcome: Outcome): boolean {
  const canAsk = outcome.plan.serverSendsDate && !hadFault(outcome, 'silent metadata')
  return canAsk || !wrongClocks(outcome)
}

/** Whether a process was stopped, or let down by the store, at some time between two moments. */
export function hindered(
  { fleet, history }: Outcome,
  process: number,
  from: Moment,
  to: Moment = END,
): boolean {
  return (
    wasStopped({ fleet }, process, from, to) ||
    history.troubles.some(
      (each) =>
        each.fault.startsWith('store') &&
        (each.process === process || each.process === -1) &&
        each.step <= to.step &&
        Math.max(each.until, each.time) >= from.time,
    )
  )
}

export function wasStopped(
  { fleet }: Pick<Outcome, 'fleet'>,
  process: number,
  from: Moment,
  to: Moment = END,
): boolean {
  const stops = fleet.instances[process]?.machine.stops ?? []
  return stops.some((stop) => stop.from.step <= to.step && stop.until >= from.time)
}

/** Whether a process ended, before a moment, with its work unfinished. */
export function isKilled({ fleet }: Outcome, process: number, before: Moment = END): boolean {
  const stops = fleet.instances[process]?.machine.stops ?? []
  const isOver = stops.some(({ from, until }) => until === Infinity && from.step < before.step)
  return isOver && !fleet.finished.has(process)
}

/**
 * Whether a loss happened that no client can prevent: the response that carried the new refresh token was lost, or its receiver was killed, or
 * stopped until another process had to take over.
 */
export function isLost(outcome: Outcome, send: Send, { states }: Pick<Facts, 'states'>): boolean {
  const { judged, delivered, process, sent } = send
  if (judged?.gave === undefined) return false
  if (!delivered?.readable) return true
  const isKept = states.some(({ record }) => record?.ledger.refreshToken === judged.gave)
  if (isKilled(outcome, process) && !isKept) return true
  const lapseMs = outcome.plan.profile === 'strict' ? LAPSE_MS.strict : LAPSE_MS.forgiving
  const stops = outcome.fleet.instances[process]?.machine.stops ?? []
  return stops.some(
    ({ from, until }) =>
      from.step >= sent.step && until - from.time >= lapseMs / 2 && from.step <= delivered.step,
  )
}

/** The server's own decision: it refused the refresh token, or spoke of another user. */
export function wasRefused({ sends }: Facts): boolean {
  return sends.some(({ fault }) => fault === 'invalid_grant' || fault === 'ID token of another subject')
}

/** The memory of the process that knew the newest state is gone, or its wrong clock made it forget. */
export function isForgotten(outcome: Outcome, { states }: Facts): boolean {
  const { plan, fleet } = outcome
  if (plan.store === 'shared') return false
  return wrongClocks(outcome) || states.some(({ process }) => fleet.instances[process]?.machine.killed)
}

/** For as long as a process keeps a new refresh token, the store did not take it. */
function wasStoreGone({ told, sends }: Facts): boolean {
  const reports = told.filter(
    ({ event }) => event.type === 'refresh_token_lost' && event.reason === 'store_unavailable',
  )
  return reports.some(({ time, process }) => {
    const send = sends.findLast((each) => each.process === process && each.sent.time < time)
    return send !== undefined && time - send.sent.time >= KEPT_MS
  })
}

/** A request that travelled so long that the server saw it after the grace period of another use, as a reuse. */
function isOvertaken({ sent, judged, refreshToken }: Send, { sends }: Facts): boolean {
  if (judged?.status !== 400 || judged.time - sent.time < TRAVEL_MS) return false
  return sends.some(
    (other) => other.refreshToken === refreshToken && (other.judged ?? END).step < judged.step,
  )
}

/** Whether a request arrived so late that it spoilt a grant. The client has no way to notice. */
export function wasOvertaken(facts: Facts): boolean {
  return facts.sends.some((send) => isOvertaken(send, facts))
}

/** Whether the session was not used for too long, as the newest record shows. */
export function isIdle({ plan }: Outcome, { states }: Facts, { time }: Moment): boolean {
  const touches = states.filter((state) => state.time < time).map(({ record }) => record?.touchedAt ?? 0)
  return EPOCH + time / 1000 >= Math.max(...touches) + plan.idleTimeoutSeconds
}

/** Why the session may be over, or its refresh token dead, without a fault of the client. */
export function isExcused(outcome: Outcome, facts: Facts): boolean {
  return (
    wasRefused(facts) ||
    isForgotten(outcome, facts) ||
    wasStoreGone(facts) ||
    wasOvertaken(facts) ||
    facts.sends.some((send) => isLost(outcome, send, facts))
  )
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
