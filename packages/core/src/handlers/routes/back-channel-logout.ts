import { withDeadline } from '../../mechanisms/runtime/deadline.ts'
import { settleInBatches } from '../../mechanisms/runtime/in-batches.ts'
import { isStoreFailure } from '../../mechanisms/sessions/pending-sign-outs.ts'
import { logoutTokenRefused } from '../../mechanisms/protocol/logout-tokens.ts'
import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import type { SubjectOrSid, SessionDirectory } from '../../mechanisms/sessions/session-directory.ts'
import type { SessionStrategy } from '../../mechanisms/sessions/session-strategy.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { isSessionSignedOut, type LogoutToken } from '../../rules/protocol/logout-token.ts'
import type { Snapshot } from '../../ports/session-handle.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import { type EventListener, RequestRefusedError, TryLaterError } from '../../vocabulary/index.ts'
import { createResponse } from '../responses.ts'
import { finishSession, type FinishSessionOptions } from '../../mechanisms/sessions/end-session.ts'
import { readForm } from './form.ts'
import type { RouteContext } from './route-context.ts'
import { reportError } from '../problem.ts'

type BackChannelContext = Pick<RouteContext, 'session'>

export interface BackChannelLogoutOptions {
  readonly server: Pick<AuthorizationServer, 'verifyLogoutToken'>
  readonly directory: SessionDirectory
  readonly sessions: SessionStrategy
  /** Whether a token ends all sessions of its subject, even when it names one. */
  readonly all: boolean
  /** How the sessions end. */
  readonly ending: FinishSessionOptions
  readonly clock: Clock
  readonly emit: EventListener
}

const MAX_TOKEN_LENGTH = 16_384
/** How long the authorization server waits for the response, in milliseconds. Its client often has a timeout of 5 seconds. */
const WAIT_MS = 4000

/**
 * Ends the sessions that a logout token of the authorization server names (OIDC Back-Channel Logout §2.7), and remembers
 * it for sessions that are stored later. Ignores cookies.
 *
 * @returns 200, also if no session matches. 400 if the token is invalid, or if the work is not done in time. The work
 * then continues in the background.
 */
export async function backChannelLogout(
  request: Request,
  context: BackChannelContext,
  options: BackChannelLogoutOptions,
): Promise<Response> {
  try {
    const work = receive(request, context, options)
    context.session.keepAlive(work.catch(() => undefined))
    await withDeadline(work, WAIT_MS, options.clock, tooSlow)
    return createResponse(200)
  } catch (error) {
    const { message } = reportError('logout_token_rejected', error, options.emit)
    const wrong = error instanceof RequestRefusedError ? 'invalid_request' : 'temporarily_unavailable'
    const body = JSON.stringify({ error: wrong, error_description: message })
    return createResponse(400, { 'content-type': 'application/json' }, body)
  }
}

async function receive(
  request: Request,
  { session }: BackChannelContext,
  options: BackChannelLogoutOptions,
): Promise<void> {
  const { server, sessions } = options
  const { keepAlive } = session
  const [text, ...more] = (await readForm(request))?.getAll('logout_token') ?? []
  if (!text || more.length > 0 || text.length > MAX_TOKEN_LENGTH)
    throw logoutTokenRefused('is missing, or too long')
  const token = await server.verifyLogoutToken(text)
  const first = signOutOnce(token, keepAlive, options)
  await first.catch((error: unknown) => {
    if (!isStoreFailure(error)) return
    // The authorization server might not try again.
    const later = sessions.pending.retry(() => signOut(token, keepAlive, options), first)
    keepAlive(later.catch(() => undefined))
  })
  return first
}

async function signOutOnce(
  token: LogoutToken,
  keepAlive: KeepAlive,
  options: BackChannelLogoutOptions,
): Promise<void> {
  const { directory } = options
  if (!(await directory.markUsed(token))) throw logoutTokenRefused('was used before')
  try {
    await signOut(token, keepAlive, options)
  } catch (error) {
    await directory.unmarkUsed(token).catch(() => undefined)
    throw error
  }
}

/** Remembers the logout before it looks for sessions: see `withLogoutCheck`. */
async function signOut(
  token: LogoutToken,
  keepAlive: KeepAlive,
  options: BackChannelLogoutOptions,
): Promise<void> {
  const { directory, all, clock } = options
  await directory.rememberLogout(token, all, token.issuedAt, clock.now())
  const { named, seen } = await resolveSubject(token, options)
  if (named !== token) await directory.rememberLogout(named, all, token.issuedAt, clock.now())
  const keys = await directory.find(named)
  const results = await settleInBatches(keys, (key) => end(key, named, seen.get(key), keepAlive, options))
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}

/** Snapshots by session key. */
type Snapshots = ReadonlyMap<string, Snapshot>

/**
 * If all sessions of the subject must end and the token names only one of them, a stored session knows the subject.
 *
 * @returns The subject, and the sessions that were read to find it.
 */
async function resolveSubject(
  token: SubjectOrSid,
  { directory, sessions, all }: BackChannelLogoutOptions,
): Promise<{ readonly named: SubjectOrSid; readonly seen: Snapshots }> {
  const seen = new Map<string, Snapshot>()
  if (!all || token.sub !== undefined) return { named: token, seen }
  for (const key of await directory.find(token)) {
    const current = await sessions.stored(key).readIncludingEnded()
    if (!current) continue
    seen.set(key, current)
    const { ended, claims } = current.record
    if (!ended && claims.sub !== undefined) return { named: claims, seen }
  }
  return { named: token, seen }
}

/** One read and one write for each session. An end that was not finished is completed. */
async function end(
  key: string,
  named: SubjectOrSid,
  seen: Snapshot | undefined,
  keepAlive: KeepAlive,
  { sessions, all, ending }: BackChannelLogoutOptions,
): Promise<void> {
  const mayEnd = (record: SessionRecord) => isSessionSignedOut(record, named, all)
  const ended = await sessions.stored(key).end('back_channel_logout', ending.revoke, { mayEnd, seen })
  if (ended) keepAlive(finishSession(key, ended, ending))
}

function tooSlow(): TryLaterError {
  const message = 'The logout continues in the background.'
  return new TryLaterError('authorization_server_unavailable', message, { retryAfterSeconds: 1 })
}
