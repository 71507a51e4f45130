import { withDeadline } from '../../mechanisms/runtime/deadline.ts'
import { isStoreFailure } from '../../mechanisms/sessions/pending-sign-outs.ts'
import { logoutTokenRefused } from '../../mechanisms/protocol/logout-tokens.ts'
import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import type { Named, SessionDirectory } from '../../mechanisms/sessions/session-directory.ts'
import type { SessionKind } from '../../mechanisms/sessions/session-kind.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { isSessionSignedOut, type LogoutToken } from '../../rules/protocol/logout-token.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import { type EventListener, RequestRefusedError, TryLaterError } from '../../vocabulary/index.ts'
import { answer } from '../answer.ts'
import { finishSession, type FinishSessionOptions } from '../../mechanisms/sessions/end-session.ts'
import { readForm } from './form.ts'
import type { RouteContext } from './route-context.ts'
import { reported } from '../problem.ts'

type BackChannelContext = Pick<RouteContext, 'session'>

export interface BackChannelLogoutOptions {
  readonly server: Pick<AuthorizationServer, 'verifyLogoutToken'>
  readonly directory: SessionDirectory
  readonly sessions: SessionKind
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
/** How many sessions are ended at the same time. */
const BATCH = 50

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
    await withDeadline(() => work, WAIT_MS, options.clock, tooSlow)
    return answer(200)
  } catch (error) {
    const { message } = reported('logout_token_rejected', error, options.emit)
    const wrong = error instanceof RequestRefusedError ? 'invalid_request' : 'temporarily_unavailable'
    const body = JSON.stringify({ error: wrong, error_description: message })
    return answer(400, { 'content-type': 'application/json' }, body)
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
  if (!(await directory.spend(token))) throw logoutTokenRefused('was used before')
  try {
    await signOut(token, keepAlive, options)
  } catch (error) {
    await directory.unspend(token).catch(() => undefined)
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
  const named = await resolveSubject(token, options)
  if (named !== token) await directory.rememberLogout(named, all, token.issuedAt, clock.now())
  const keys = await directory.find(named)
  const results = await endAll(keys, named, keepAlive, options)
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}

/** If all sessions of the subject must end and the token names only one of them, a stored session knows the subject. */
async function resolveSubject(
  token: Named,
  { directory, sessions, all }: BackChannelLogoutOptions,
): Promise<Named> {
  if (!all || token.sub !== undefined) return token
  for (const key of await directory.find(token)) {
    const kept = await sessions.stored(key).kept()
    if (kept?.record.claims.sub !== undefined) return kept.record.claims
  }
  return token
}

/** One read and one write for each session. An end that was not finished is completed. */
async function end(
  key: string,
  named: Named,
  keepAlive: KeepAlive,
  { sessions, all, ending }: BackChannelLogoutOptions,
): Promise<void> {
  const isNamed = (record: SessionRecord) => isSessionSignedOut(record, named, all)
  const ended = await sessions.stored(key).end('back_channel_logout', ending.revoke, isNamed)
  if (ended) keepAlive(finishSession(key, ended, ending))
}

/** Ends the sessions in batches: a user can have many, and a store has a limited number of connections. */
async function endAll(
  keys: readonly string[],
  named: Named,
  keepAlive: KeepAlive,
  options: BackChannelLogoutOptions,
): Promise<PromiseSettledResult<void>[]> {
  const results: PromiseSettledResult<void>[] = []
  for (let i = 0; i < keys.length; i += BATCH) {
    const batch = keys.slice(i, i + BATCH).map((key) => end(key, named, keepAlive, options))
    // A session that cannot be ended must not prevent the end of the others.
    results.push(...(await Promise.allSettled(batch)))
  }
  return results
}

function tooSlow(): TryLaterError {
  const message = 'The logout is not complete after 4 seconds. It continues in the background.'
  return new TryLaterError('authorization_server_unavailable', message, { retryAfterSeconds: 1 })
}
