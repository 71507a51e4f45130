import type { SessionStrategy } from '../../mechanisms/sessions/session-strategy.ts'
import type { StartLogin } from '../bound-session.ts'
import type { SharedParts } from '../shared-parts.ts'

/** One of several registrations of an application. Each has its own engine. */
export interface NamedRegistration {
  readonly name: string
  /**
   * Separates the encrypted values and the notes of this registration from those of others that have the same secret. Empty
   * if they share the notes.
   */
  readonly realm: string
  /**
   * Same as `realm`, for the sessions. Each registration needs its own, because the browser can change the name in the cookie.
   *
   * @default realm
   */
  readonly sessionRealm?: string
  /** The end of the paths of its routes, such as `/google`. Empty if the rest of the URL names the registration. */
  readonly pathSuffix: string
  readonly shared: SharedParts
  /** Adapts how the sessions are kept. */
  readonly adaptSessions?: (sessions: SessionStrategy) => SessionStrategy
  /** Adapts how a login starts that the application requests. */
  readonly adaptLogin?: (startLogin: StartLogin) => StartLogin
  /**
   * Called with the redirect URI of each login.
   *
   * @throws {ConfigurationError} If another registration has the same one.
   */
  readonly checkRedirectUri?: (redirectUri: string) => void
}
