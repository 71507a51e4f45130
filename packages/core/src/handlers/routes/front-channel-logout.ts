import { withDeadline } from '../../mechanisms/runtime/deadline.ts'
import {
  SIGN_OUT_WAIT_MS,
  storeTooSlow,
  isStoreFailure,
} from '../../mechanisms/sessions/pending-sign-outs.ts'
import type { SessionStrategy } from '../../mechanisms/sessions/session-strategy.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import { canBeIssuer, type IssuerRules } from '../../rules/protocol/issuer.ts'
import { sameText } from '../../rules/same-text.ts'
import { type SessionRecord, sidsOf } from '../../model/session-record.ts'
import { createResponse, page } from '../responses.ts'
import {
  endSession,
  finishSession,
  type FinishSessionOptions,
  reportIncomplete,
  unconfirmedParts,
} from '../../mechanisms/sessions/end-session.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { problem } from '../problem.ts'
import type { RouteContext } from './route-context.ts'

type FrontChannelContext = Pick<RouteContext, 'query' | 'session'>

export interface FrontChannelLogoutOptions {
  readonly server: IssuerRules
  readonly sessions: SessionStrategy
  /** How the session ends. */
  readonly ending: FinishSessionOptions
  readonly clock: Clock
  readonly emit: EventListener
}

const REASON = 'front_channel_logout'

/**
 * Ends the session whose cookie the request carries, if the query names the authorization server and the session (OIDC
 * Front-Channel Logout §2). The authorization server loads this route in a frame, where many browsers send no cookie.
 *
 * @throws {OperatorError} If the store does not respond, and only the store knows the session. The logout is then completed
 * in the background.
 */
export async function frontChannelLogout(
  context: FrontChannelContext,
  options: FrontChannelLogoutOptions,
): Promise<Response> {
  const { session, query } = context
  const { server, ending, emit } = options
  const sid = query.get('sid')
  if (!canBeIssuer(query.get('iss'), server) || !sid) {
    const message = 'Send `iss` and `sid` of the session.'
    return problem(400, { code: 'cross_site_request_refused', message })
  }
  const isNamed = (record: SessionRecord | undefined) =>
    record !== undefined && sidsOf(record).some((known) => sameText(known, sid))
  const handle = await session.find()
  if (handle && isNamed(await readInTime(handle, isNamed, context, options))) {
    const signOut = await endSession(REASON, { ...ending, session })
    if (signOut) {
      const parts = unconfirmedParts(signOut, ending.revoke)
      reportIncomplete(signOut.key, parts, emit, true)
    }
  }
  return page(createResponse(200), 'Signed out', `; frame-ancestors ${new URL(server.issuer).origin}`)
}

/**
 * Reads the record within the time that a sign-out may take. If the store does not respond, the record in the cookie shows which
 * session it is. Without one, the logout continues in the background, because the frame is loaded only once.
 */
async function readInTime(
  handle: SessionHandle,
  isNamed: (record: SessionRecord | undefined) => boolean,
  { session }: FrontChannelContext,
  options: FrontChannelLogoutOptions,
): Promise<SessionRecord | undefined> {
  try {
    return (await withDeadline(handle.read(), SIGN_OUT_WAIT_MS, options.clock, storeTooSlow))?.record
  } catch (error) {
    if (handle.carried) return handle.carried
    // The store must first show that the session has the `sid` from the query.
    if (isStoreFailure(error)) session.keepAlive(endLater(handle, isNamed, options))
    throw error
  }
}

/** Ends the session as soon as the store responds, if it is the one that the request named. It retries as any sign-out does. */
async function endLater(
  handle: SessionHandle,
  isNamed: (record: SessionRecord | undefined) => boolean,
  { ending, sessions }: FrontChannelLogoutOptions,
): Promise<void> {
  const end = async () => {
    const last = await handle.readIncludingEnded()
    return last?.record.ended || isNamed(last?.record) ? handle.end(REASON, ending.revoke) : undefined
  }
  const ended = await sessions.pending.retry(end).catch(() => undefined)
  if (ended) await finishSession(handle.key, ended, ending)
}
