import { checkServer } from '../mechanisms/protocol/check-server.ts'
import type { Finding } from '../rules/protocol/server-findings.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import type { Drainable } from './drain.ts'
import type { SessionEngine } from './engine.ts'
import { sourcesOf } from './application-sources.ts'

/**
 * An application whose authorization server can be checked: the result of `evertoken()` or `createClientTokens()`, and on
 * Workers that of `bind(env, ctx)`.
 */
export type CheckableApplication = Pick<SessionEngine<object>, 'session'> | Drainable

/**
 * Checks the authorization server of an application, for example when the application starts: the metadata, the keys, the
 * client authentication, the scopes and the clock.
 *
 * Sends one request for the keys if users sign in, and one for the metadata if it is not known.
 *
 * @param auth - The result of `evertoken()` or `createClientTokens()`. On Workers, `auth.bind(env, ctx)`.
 * @returns A list of findings. It is empty if Evertoken finds no fault and no missing feature.
 * @throws {ConfigurationError} If `auth` is another object.
 * @example
 *   for (const { severity, message } of await check(auth)) console.log(`${severity}: ${message}`)
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414, section 2: Authorization Server Metadata}
 */
export async function check(auth: CheckableApplication): Promise<Finding[]> {
  const sources = sourcesOf(auth)
  if (sources) return checkServer(sources.connection, sources.signInScope)
  const message = 'Pass the result of `evertoken()` to `check`, or on Workers that of `auth.bind(env, ctx)`.'
  throw new ConfigurationError('invalid_option', message)
}
