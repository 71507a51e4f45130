import { isPromise } from '../mechanisms/runtime/is-promise.ts'
import type { TokenCall, TokenResult } from '../mechanisms/refresh/attempt.ts'
import type { SessionRefresher } from '../mechanisms/refresh/refreshers.ts'
import type { RequestSession } from '../mechanisms/sessions/request-session.ts'
import type { StartedSession } from '../mechanisms/sessions/session-strategy.ts'
import type { GrantCheck } from '../mechanisms/sessions/grant-check.ts'
import type { SessionHandle, Snapshot } from '../ports/session-handle.ts'
import type { AuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import type { Clock } from '../ports/clock.ts'
import type { Runtime } from '../ports/runtime.ts'
import { fingerprint } from '../mechanisms/runtime/digest.ts'
import { createFetchedResponses, type FetchedResponses } from '../mechanisms/calls/fetched-responses.ts'
import type { ClockReading, ServerClock } from '../mechanisms/protocol/server-clock.ts'
import type { Registration, SessionRecord } from '../model/session-record.ts'
import type { TokenGrant, UserClaims } from '../model/token-grant.ts'
import type { BrowserRequest } from '../handlers/routes/route-context.ts'
import type { LoginOptions } from '../rules/sign-in/login-request.ts'
import type { SourceContext } from './token-source.ts'
import type { SessionLifetimes } from './session-info.ts'
import { startFromGrant } from './start-from-grant.ts'
import { onAbort } from '../mechanisms/runtime/on-abort.ts'
import { EvertokenError, type EventListener } from '../vocabulary/index.ts'

/** The parts of an application that its sessions use. All its sessions share one such object. */
export interface Application {
  readonly servers: AuthorizationServers
  readonly refresher: SessionRefresher
  readonly grantCheck: GrantCheck
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly emit: EventListener
  /** The origin of the application in browsers. `undefined` if it is the origin of the request. */
  readonly origin: string | undefined
  /** The hosts that can use plain http. */
  readonly insecureHosts: readonly string[]
  /** The prefix that browsers use for all paths of the application. Empty if it is at the root. */
  readonly basePath: string
  /** The path of the login route below `basePath`, if there is one. */
  readonly loginPath?: string | undefined
  /** Names of further query parameters that the login route accepts. */
  readonly forwardLoginParameters?: readonly string[] | undefined
  /** Starts a login that the application requests. Absent if there is no sign-in. */
  readonly startLogin?: StartLogin | undefined
  /** Reads the claims of an ID token from the application's own sign-in. If it is absent, ID tokens are not read. */
  readonly readIdToken?: ((idToken: string) => UserClaims) | undefined
  /** The authorization server and client of new sessions. */
  readonly registration: Registration
  /** Its name, if the application has several. */
  readonly registrationName?: string | undefined
  /** The parts that token sources use. */
  readonly sources: SourceContext
  readonly lifetimes: SessionLifetimes
  /** Called before a new session can be used. */
  readonly beforeStart?: ((record: SessionRecord) => Promise<void>) | undefined
}

export type StartLogin = (bound: BoundSession, options: LoginOptions) => Promise<Response>

/** The session of one request, connected to its application. */
export interface BoundSession {
  readonly application: Application
  readonly session: RequestSession
  readonly browser?: BrowserRequest | undefined
  readonly fetched: FetchedResponses
  /** Returns the key of the session for which a function of the application gets a token, until this function is done. */
  readonly functionOf?: () => string | undefined
  /**
   * Returns no promise if the session is known, its store is in memory, and its token is current.
   *
   * The code is `no_session` only if the request never had a session. Otherwise, a user whose session ends would get
   * the rights of the application.
   */
  getToken(demand: SessionTokenDemand): TokenResult<Snapshot> | Promise<TokenResult<Snapshot>>
  /**
   * @param login - Which login the grant results from, if a route of Evertoken has made it.
   * @param hidden - The previous session, if the request does not show its cookie.
   */
  start(grant: TokenGrant, login?: string, hidden?: SessionHandle): Promise<StartedSession>
  /**
   * Resolves to the current session. If its access token has expired, it is refreshed first, and a revoked grant ends
   * it.
   */
  current(): Promise<Snapshot | undefined>
}

export type SessionTokenDemand = Omit<TokenCall, 'beforeRefresh' | 'background' | 'keepAlive' | 'time'> & {
  readonly signal?: AbortSignal | undefined
}

export function bindSession(
  session: RequestSession,
  application: Application,
  fitHeaders?: Runtime['fitHeaders'],
  browser?: BrowserRequest,
): BoundSession {
  const { refresher, grantCheck, serverClock, emit } = application

  /** The session that the latest call has found. */
  let found: { readonly finding: Promise<unknown>; readonly handle: SessionHandle } | undefined

  async function findToken(demand: SessionTokenDemand): Promise<TokenResult<Snapshot>> {
    const finding = session.find()
    const handle = await finding
    if (!handle) return { kind: 'sign_in', code: session.hadSession() ? 'session_ended' : 'no_session' }
    found = { finding, handle }
    const seen = handle.readNow?.() ?? (await readSession(handle))
    return tokenOf(handle, seen, demand)
  }

  async function readSession(handle: SessionHandle): Promise<Snapshot | undefined> {
    try {
      return await handle.read()
    } catch (error) {
      throw reportFailure(handle, error)
    }
  }

  function tokenOf(
    handle: SessionHandle,
    seen: Snapshot | undefined,
    demand: SessionTokenDemand,
    time?: ClockReading,
  ): TokenResult<Snapshot> | Promise<TokenResult<Snapshot>> {
    try {
      // Before the work begins: a failure that no caller waits for would end the process.
      demand.signal?.throwIfAborted()
      const { key, request, rejected, forceRefresh, minValiditySeconds } = demand
      const { beforeRefresh, keepAlive, startedInBackground: background } = session
      // Each member by its name: a spread of the demand would cost more than all checks of a call.
      const work = refresher.token(handle, seen, {
        key,
        request,
        rejected,
        forceRefresh,
        minValiditySeconds,
        beforeRefresh,
        keepAlive,
        time,
        background,
      })
      return isPromise(work) ? awaitToken(handle, work, demand) : observed(work)
    } catch (error) {
      throw reportFailure(handle, error)
    }
  }

  async function awaitToken(
    handle: SessionHandle,
    work: Promise<TokenResult<Snapshot>>,
    { signal }: SessionTokenDemand,
  ): Promise<TokenResult<Snapshot>> {
    try {
      // A listener costs more than all the rest.
      return observed(await (signal ? unlessAborted(work, signal) : work))
    } catch (error) {
      throw reportFailure(handle, error)
    }
  }

  function observed(result: TokenResult<Snapshot>): TokenResult<Snapshot> {
    if (result.kind === 'token') session.observe(result.snapshot)
    // The request names a session that the store no longer has, so its user is known and must sign in again.
    const isMissing = result.kind === 'sign_in' && result.code === 'no_session'
    return isMissing ? { kind: 'sign_in', code: 'session_ended' } : result
  }

  /** Emits the event for a failure, and returns the failure. */
  function reportFailure(handle: SessionHandle, error: unknown): unknown {
    if (error instanceof EvertokenError)
      emit({ type: 'token_unavailable', session: fingerprint(handle.key), code: error.code })
    return error
  }

  return {
    application,
    session,
    browser,
    fetched: createFetchedResponses(fitHeaders),
    getToken(demand) {
      demand.signal?.throwIfAborted()
      // `find` returns the same promise until the request starts or ends a session.
      const handle = found && session.find() === found.finding ? found.handle : undefined
      // One reading for all: the clocks cost more than the decision.
      const time = handle?.readNow && serverClock.read()
      const seen = time && handle?.readNow?.(time.wall)
      return handle && seen ? tokenOf(handle, seen, demand, time) : findToken(demand)
    },
    async current() {
      const handle = await session.find()
      const seen = await handle?.read()
      if (!handle || !seen) return undefined
      const { beforeRefresh, keepAlive, startedInBackground: background } = session
      return grantCheck.current(handle, seen, { beforeRefresh, background, keepAlive })
    },
    start: (grant, login, hidden) => startFromGrant(session, grant, application, login, hidden),
  }
}

/** Aborts the wait of one caller. The work continues for other callers. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stay = onAbort(signal, () => reject(signal.reason as Error))
    work.finally(stay).then(resolve, reject)
  })
}
