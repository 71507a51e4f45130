import type { Finding } from '../rules/protocol/server-findings.ts'
import type { SessionEngine } from './engine.ts'
import type { TokenName, UserTokenName } from './token-source.ts'
import type { UserSession } from './user-session.ts'

/** The functions that need the options: they handle requests and find sessions. */
export interface Engine<Name extends TokenName = UserTokenName> extends SessionEngine<UserSession<Name>> {
  /**
   * Checks the authorization server, for example when the application starts: the metadata, the keys, the client
   * authentication, the scopes and the clock. Sends one request for the keys, and one for the metadata if it is not known.
   *
   * @returns A list of findings. It is empty if Evertoken finds no fault and no missing feature.
   * @example
   *   for (const { severity, message } of await auth.check()) console.log(`${severity}: ${message}`)
   * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414, section 2: Authorization Server Metadata}
   */
  check(): Promise<Finding[]>
}
