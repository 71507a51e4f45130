import { timeFor, type TimeReading } from '../model/time-reading.ts'
import type { TokenCall, TokenResult } from '../mechanisms/refresh/attempt.ts'
import type { Refresher } from '../mechanisms/refresh/refresher.ts'
import type { RequestSession } from '../mechanisms/sessions/request-session.ts'
import type { StartedSession } from '../mechanisms/sessions/session-strategy.ts'
import type { GrantCheck } from '../mechanisms/sessions/grant-check.ts'
import type { Snapshot } from '../ports/session-handle.ts'
import type { TokenEndpoint } from '../ports/authorization-server.ts'
import type { Clock } from '../ports/clock.ts'
import type { HeldResponses, Runtime } from '../ports/runtime.ts'
import { fingerprint } from '../mechanisms/runtime/digest.ts'
import { createFetchedResponses, type FetchedResponses } from '../mechanisms/calls/fetched-responses.ts'
import type { ServerClock } from '../mechanisms/protocol/server-clock.ts'
import { newSession } from '../model/ledger-transitions.ts'
import { type SessionRecord, type TokenGrant, type UserClaims } from '../model/session-record.ts'
import type { StoredToken } from '../model/stored-tokens.ts'
import { onAbort } from '../mechanisms/runtime/on-abort.ts'
import { AccessToken, EvertokenError, type EventListener } from '../vocabulary/index.ts'

/** The facts about the application that a session needs. */
export interface Application {
  readonly server: TokenEndpoint
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly emit: EventListener
  /** The origin of the application in browsers. `undefined` if it is the origin of the request. */
  readonly origin: string | undefined
  /** The prefix that browsers use for all paths of the application. Empty if it is at the root. */
  readonly basePath: string
  /** The prefix of the login route, if there is one. */
  readonly routePrefix?: string | undefined
  /** Names of further query parameters that the login route accepts. */
  readonly forwardLoginParameters?: readonly string[] | undefined
  /** Reads the claims of an ID token from the application's own sign-in. If it is absent, ID tokens are not read. */
  readonly claimsOf?: ((idToken: string) => UserClaims) | undefined
}

/** The session of one request, connected to the refresher. */
export interface BoundSession extends Application {
  readonly session: RequestSession
  readonly responses: HeldResponses | undefined
  readonly fetched: FetchedResponses
  obtain(demand: Demand): Promise<TokenResult>
  /** @param login - Which login the grant results from, if a route of Evertoken has made it. */
  start(grant: TokenGrant, login?: string): Promise<StartedSession>
  /**
   * Resolves to the current session. If its access token has expired, it is refreshed first, and a revoked grant ends
   * it.
   */
  current(): Promise<Snapshot | undefined>
}

export type Demand = Omit<TokenCall, 'beforeRefresh' | 'background' | 'keepAlive'> & {
  readonly signal?: AbortSignal | undefined
}

export interface BindOptions extends Application {
  /** Called before a new session can be used. */
  readonly starting?: ((record: SessionRecord) => Promise<void>) | undefined
  readonly refresher: Refresher
  readonly grantCheck: GrantCheck
  readonly issuer: string
  readonly absoluteTimeoutSeconds: number
  readonly responses: Runtime['responses']
}

export function bindSession(session: RequestSession, options: BindOptions): BoundSession {
  const {
    refresher,
    issuer,
    server,
    clock,
    serverClock,
    emit,
    origin,
    basePath,
    routePrefix,
    forwardLoginParameters,
    claimsOf,
  } = options

  return {
    session,
    server,
    clock,
    serverClock,
    emit,
    origin,
    basePath,
    routePrefix,
    forwardLoginParameters,
    claimsOf,
    responses: options.responses?.(),
    fetched: createFetchedResponses(),
    async obtain({ key, request, rejected, signal }) {
      signal?.throwIfAborted()
      const cell = await session.find()
      if (!cell) return { signIn: 'no_session' }
      const { beforeRefresh, keepAlive, startedInBackground: background } = session
      const call = { key, request, rejected, beforeRefresh, keepAlive, background }
      try {
        const seen = await cell.read()
        // Before the work begins: a failure that no caller waits for would end the process.
        signal?.throwIfAborted()
        const work = refresher.token(cell, seen, call)
        // A listener costs more than all the rest, so it is only for work that is not ready.
        const result = signal && work instanceof Promise ? await unlessAborted(work, signal) : await work
        if ('token' in result) session.observe(result.snapshot)
        return result
      } catch (error) {
        if (error instanceof EvertokenError)
          emit({ type: 'token_unavailable', session: fingerprint(cell.key), code: error.code })
        throw error
      }
    },
    async current() {
      const cell = await session.find()
      const seen = await cell?.read()
      if (!cell || !seen) return undefined
      const { beforeRefresh, keepAlive, startedInBackground: background } = session
      return options.grantCheck.current(cell, seen, { beforeRefresh, background, keepAlive })
    },
    start(grant, login) {
      return session.start(async (id, maxRecordBytes) => {
        const now = clock.now()
        const base = {
          id,
          issuer,
          expiresAt: now + options.absoluteTimeoutSeconds,
          claims: grant.claims ?? {},
          login,
        }
        return newSession(base, grant, '', now, maxRecordBytes)
      }, options.starting)
    },
  }
}

/** Converts a stored token. Applications compare `expiresAt` with the clock of their machine. */
export function accessTokenOf(token: StoredToken, time: TimeReading): AccessToken {
  const { value, type, expiresAt, scope } = token
  return new AccessToken(value, type, expiresAt + time.wall - timeFor(token, time), scope)
}

/** Aborts the wait of one caller when its signal is aborted. The work continues for other callers. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stay = onAbort(signal, () => reject(signal.reason as Error))
    work.finally(stay).then(resolve, reject)
  })
}
