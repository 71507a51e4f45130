import type { RequestSession } from '../../mechanisms/sessions/request-session.ts'
import type { StartedSession } from '../../mechanisms/sessions/session-strategy.ts'
import type { PendingLogins } from '../../mechanisms/sign-in/pending-logins.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import type { LogoutReturn } from './logout-return.ts'

/** One request to a route of Evertoken. A handler declares which of these members it uses. */
export interface RouteContext {
  readonly query: URLSearchParams
  /** The origin of the application in browsers. */
  readonly origin: string
  readonly session: RequestSession
  /** The logins that this browser has begun. */
  readonly logins: PendingLogins
  /** The destination of this browser after its sign-out. */
  readonly logoutReturn: LogoutReturn
  /**
   * Starts a session. `login` names the login that the grant results from. `hidden` is the previous session, if the request
   * does not show its cookie.
   */
  readonly start: (
    grant: TokenGrant,
    login: string,
    hidden: SessionHandle | undefined,
  ) => Promise<StartedSession>
  /** Resolves to the session. If its access token has expired, it is refreshed first. */
  readonly current: () => Promise<Snapshot | undefined>
}

/** The request of a browser, with its parsed cookies. */
export interface BrowserRequest {
  readonly request: Request
  readonly cookies: ReadonlyMap<string, string>
}

/** Paths of the application, as browsers see them. */
export interface BrowserPaths {
  /** The path of the application, with a slash at the end. */
  readonly home: string
  /** The prefix of the routes of Evertoken. */
  readonly routePrefix: string
  /** The end of the paths of the login route and the callback. Empty if there is one registration. */
  readonly pathSuffix: string
  readonly postLogoutPath: string
  /**
   * Receives the code of a failed sign-in as `error`. Without it, browsers see a plain page, and other clients receive
   * `problem+json`.
   */
  readonly signInErrorPath: string | undefined
}
