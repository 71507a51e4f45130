import { END, hindered, isAbort, isSigningOut, moment, showsToken, wildClocks, wrongClocks } from './facts.ts'
import type { Call } from './history.ts'
import type { Invariant } from './invariants.ts'
import { EPOCH, type Moment } from '../machines/machine.ts'

/** A token with fewer seconds left might expire before it arrives. */
const LEFT_SECONDS = 10
const PAST_EXPIRY_SECONDS = 5
const QUICK_MS = 4000
/** A token that an API rejects sooner may be served again, if its predecessors were rejected too. Half a lifetime. */
const BORN_SECONDS = 32

/** Once a session is over, nothing is served from it, and it never comes back. */
export const staysOver: Invariant = ({ history }, { over, commits, grant }) => {
  if (!over) return []
  const back = commits.filter(({ step, record }) => step > over.step && record && !record.ended)
  const served = history.calls.filter(
    (call) => call.grant === grant && call.began.step > over.step && call.token !== undefined,
  )
  return [
    ...back.map((commit) => `the session came back at ${moment(commit)}`),
    ...served.map(({ began }) => `a token was served at ${moment(began)} from a session that was over`),
  ]
}

/** No caller gets the token of another user, or one for another resource. */
export const ownToken: Invariant = ({ server, history }, { grant }) =>
  history.calls
    .filter((call) => call.grant === grant && call.token !== undefined)
    .filter(({ token = '', visit }) => {
      const issued = server.tokens.get(token)
      return issued?.grant !== grant || issued.resource !== visit.resource
    })
    .map(({ began }) => `a token of another session or resource was served at ${moment(began)}`)

/** No token appears in an event or an error. */
export const discreet: Invariant = ({ history }) =>
  [
    ...history.told.map(({ event }) => JSON.stringify(event)),
    ...history.calls.map(({ error }) => String(error)),
  ]
    .filter(showsToken)
    .map((text) => `a token is shown: ${text}`)

/** A valid token is returned for any outcome of its refresh. Only a failing store is an excuse. */
export const servedWhileValid: Invariant = ({ history, plan }, { grant, commits, ends }) => {
  if (!plan.serveDuringRefresh || wrongClocks(plan)) return []
  return history.calls
    .filter((call) => call.grant === grant && call.token === undefined && call.visit.act === 'token')
    .filter((call) => !isAbort(call.error) && hadToken(call))
    .filter(({ process, began, ended = END }) => {
      const hasEnded = ends.some(({ step }) => step <= ended.step)
      return (
        !hasEnded &&
        !isSigningOut(history, grant, ended) &&
        !hindered(history.troubles, process, began, ended)
      )
    })
    .map(({ began }) => `nothing was served at ${moment(began)} while a valid token existed`)

  function hadToken({ began, visit: { resource } }: Call): boolean {
    const tokens = commits.findLast(({ step }) => step < began.step)?.record?.ledger.tokens ?? {}
    const [, token] =
      Object.entries(tokens).find(([key]) => (resource === '' ? key === '' : key.includes(resource))) ?? []
    return token !== undefined && token.expiresAt - LEFT_SECONDS > EPOCH + began.time / 1000
  }
}

/** I9: a token is not served more than 5 seconds after its expiry, whatever the clocks of the fleet show. */
export const neverLongExpired: Invariant = ({ server, history, plan }, { grant }) => {
  if (plan.serverAhead === undefined) return []
  return history.calls
    .filter((call) => call.grant === grant && call.token !== undefined)
    .filter(({ process, began, ended = END }) => !hindered(history.troubles, process, began, ended))
    .filter(({ process, began, probe }) => !plan.isMute || (!probe && knowsTime(process, began)))
    .filter(({ token = '', ended = END }) => {
      const expiresAt = server.tokens.get(token)?.expiresAt ?? 0
      return EPOCH + ended.time / 1000 - expiresAt > PAST_EXPIRY_SECONDS
    })
    .map(({ began }) => `a token was served at ${moment(began)} long after its expiry`)

  /** A response that did not take long has shown the time of the server, to the reader and to every writer. */
  function knowsTime(process: number, before: Moment): boolean {
    const refreshed = history.sends.filter(({ delivered }) => delivered?.kind === 'refreshed')
    const isSlow = refreshed.some(({ sent, delivered = END }) => delivered.time - sent.time > QUICK_MS)
    return (
      !isSlow &&
      !wildClocks(plan) &&
      refreshed.some((send) => send.process === process && (send.delivered ?? END).step < before.step)
    )
  }
}

/** A served token has not expired, and is not the rejected one. */
export const tokenIsGood: Invariant = ({ server, history, plan }, { grant }) => {
  if (wrongClocks(plan)) return []
  return history.calls
    .filter((call) => call.grant === grant && call.token !== undefined)
    .flatMap(({ token = '', rejected, began, ended = END, process, probe }) => {
      const left = (server.tokens.get(token)?.expiresAt ?? 0) - EPOCH - ended.time / 1000
      const age = plan.lifetimeSeconds - left
      if (token === rejected && age > BORN_SECONDS) return [`a rejected token came again at ${moment(began)}`]
      const isLate = left < 0 && !probe && !hindered(history.troubles, process, began, ended)
      return isLate ? [`an expired token was served at ${moment(began)}`] : []
    })
}
