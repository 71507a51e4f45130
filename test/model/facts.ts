import type { Moment } from '../machines/machine.ts'
import type { ModelServer } from './authorization-server.ts'
import type { Commit, History, Send, Told, Trouble } from './history.ts'
import type { Plan } from './plan.ts'
import type { Outcome } from './run.ts'
import { fingerprintOf } from './owners.ts'

/** The facts that a history shows about one session. */
export interface Facts {
  readonly grant: number
  readonly commits: readonly Commit[]
  readonly sends: readonly Send[]
  /** The commit with which the owner was over for good. */
  readonly over: Commit | undefined
  /** The commits after which no token can be had: the owner was over, or the server had refused the grant. */
  readonly ends: readonly Commit[]
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

export function factsOf({ history, plan, server }: Outcome, grant: number): Facts {
  const commits = history.commits.filter((commit) => commit.grant === grant)
  const sends = history.sends.filter((send) => send.grant === grant)
  const judged = sends.filter((send) => send.judged).slice(0, MOST_SENDS)
  const isOver = ({ record }: Commit) => !record || record.ended !== undefined
  const over = commits.find((commit, index) => {
    const isSaved = commits.slice(index).some((later) => isConsent(history, later))
    return isOver(commit) && !isSaved
  })
  const reports = history.told.filter(
    ({ event }) => event.type === 'refresh_token_lost' && event.session === fingerprintOf(plan, grant),
  )
  const current = sends.filter((send) => isCurrent(server, commits, send))
  const untilOver = current.filter(({ sent }) => !over || sent.step < over.step)
  return {
    grant,
    commits,
    sends,
    over,
    ends: commits.filter((commit) => isOver(commit) || commit.record?.broken),
    givenUp: commits.find(
      ({ record }) => record && !record.ended && record.ledger.refreshToken === undefined,
    ),
    repeats: plan.profile === 'static' ? [] : repeatsOf(judged),
    // While another process tries, one refusal is not decisive.
    refused:
      current.some(({ fault }) => fault === 'subject_changed') || untilOver.at(-1)?.fault === 'rejected',
    lost: judged.some((send) => current.includes(send) && isLost(send, history.troubles)),
    reported: reports.length > 0,
    reports,
  }
}

/** Whether a commit stores the response of a consent that the owner has given. */
export function isConsent({ consents }: History, { grant, record }: Commit): boolean {
  return consents.some(
    ({ grant: of, accessToken }) => of === grant && record?.ledger.tokens['']?.value === accessToken,
  )
}

/** Whether a request used the grant that the record has in the end, and not one from before a new consent. */
function isCurrent({ issued }: ModelServer, commits: readonly Commit[], { refreshToken }: Send): boolean {
  const last = commits.at(-1)?.record?.ledger
  const consent = issued.get(last?.refreshToken ?? '')?.consent
  return consent === undefined || issued.get(refreshToken)?.consent === consent
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

export function wrongClocks({ clocks, jumps }: Plan): boolean {
  return clocks.some((seconds) => seconds !== 0) || jumps.length > 0
}

/** Whether the server sends its time. Otherwise, pauses are measured by the wall clocks of processes, which can differ. */
export function showsTime({ serverAhead, isMute }: Plan): boolean {
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
