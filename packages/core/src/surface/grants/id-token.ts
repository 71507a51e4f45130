import { signInRequired } from '../../handlers/problem.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import { timeFor, type TimeReading } from '../../model/time-reading.ts'
import { readClaims } from '../../rules/protocol/jwt.ts'
import { invalid } from '../checks.ts'
import type { SourceContext } from '../token-source.ts'
import type { GrantCall } from './grant-call.ts'

/** The time that a request needs to arrive, in seconds. */
const TRIP_SECONDS = 5

/**
 * Returns the ID token of the user. An expired one is replaced by that of a refresh.
 *
 * @throws {SignInRequiredError} If only a sign-in can get one that works.
 * @throws {ConfigurationError} If no sign-in can.
 */
export async function idTokenOf({ application, session, refresh }: GrantCall): Promise<string> {
  if (!session) throw invalid('subject', 'is missing. This service has no users, so set it to a function')
  const { record } = session
  const { idToken } = record
  if (idToken === undefined) {
    if (canSignInHelp(record, application)) throw signInRequired('login_required')
    throw invalid(
      'subject',
      'is the ID token by default, and the session has none. Add `openid` to `scope` and sign in again, or set `subject` to a ' +
        'function. Pass a whole token response to `startSession`. If the ID token is too large for a cookie, use ' +
        "`session: 'server'`",
    )
  }
  const time = application.serverClock.read()
  const overdueSeconds = secondsSinceExpiry(idToken, time)
  if (overdueSeconds < 0) return idToken
  // A refresh since then has brought no other ID token, and neither would the next one.
  if (sinceRefresh(record, time) > overdueSeconds) {
    const renewed = (await refresh()).record.idToken
    if (renewed !== undefined && secondsSinceExpiry(renewed, application.serverClock.read()) < 0)
      return renewed
  }
  throw signInRequired('login_required')
}

/**
 * Whether a sign-in brings the ID token that a session lacks. If it was requested at the sign-in, it is missing for another
 * reason, and the user would sign in again and again.
 */
function canSignInHelp({ login, ledger }: SessionRecord, { signInScope }: SourceContext): boolean {
  const wasRequested = ledger.scope === undefined || hasOpenid(ledger.scope)
  return login !== undefined && !wasRequested && hasOpenid(signInScope?.scope ?? '')
}

function hasOpenid(scope: string): boolean {
  return scope.split(' ').includes('openid')
}

/** Returns the seconds since a JWT can no longer be sent. Negative if it can. */
function secondsSinceExpiry(jwt: string, { server, wall }: TimeReading): number {
  const { exp } = readClaims(jwt) ?? {}
  return typeof exp === 'number' ? (server ?? wall) - exp + TRIP_SECONDS : -Infinity
}

/** Returns the seconds since the session got its latest token. */
function sinceRefresh({ ledger }: SessionRecord, time: TimeReading): number {
  return Math.min(...Object.values(ledger.tokens).map((token) => timeFor(token, time) - token.obtainedAt))
}
