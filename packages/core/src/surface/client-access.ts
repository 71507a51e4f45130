import { type CallOptions, readCall } from './call-options.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import type { AccessToken } from '../vocabulary/index.ts'
import { connectClient, type SourceContext } from './token-source.ts'

/** The access token that a caller requests for the application itself. */
export interface ClientTokenOptions extends TokenParameters, CallOptions {}

/** The tokens of an application itself. */
export interface ClientTokenAccess {
  /**
   * Resolves to a current token of the application itself. It is never `undefined`, because no user must sign in.
   *
   * All callers share one token request, across processes if the store is shared. A token is kept until shortly before its
   * expiry, and then replaced in the background.
   *
   * @param options - Which token to request. Each member replaces that of `clientCredentials()`.
   * @returns The token.
   * @throws {TryLaterError} If the authorization server does not respond. Try again after `retryAfterSeconds`.
   * @throws {ConfigurationError} If the server refuses the client, or the option `client` is missing.
   * @throws {OperatorError} If the store or the function that returns the client secret fails.
   * @example
   *   const { value } = await auth.getClientAccessToken({ scope: 'catalog:read' })
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4: Client Credentials Grant}
   */
  getClientAccessToken(options?: ClientTokenOptions): Promise<AccessToken>
}

/** Finds the application at every call, and the function that keeps work of the call alive. */
export interface ClientAccessOptions {
  /** Returns the application that requests the token. */
  sources(): SourceContext
  /** Returns the function that keeps work of the call alive. `undefined`: the one of the application. */
  keepAlive(): KeepAlive | undefined
}

/**
 * Creates the functions that get the token of an application itself. Adapters call it.
 *
 * @param options - The function `sources` finds the application.
 * @example
 *   const engine = createEngine({ ...options, store }, runtime)
 *   const { getClientAccessToken } = createClientAccess(createOutside(engine, runtime.context))
 */
export function createClientAccess({ sources, keepAlive }: ClientAccessOptions): ClientTokenAccess {
  return {
    async getClientAccessToken(options = {}) {
      const [parameters, demand] = readCall(options)
      return connectClient(sources())({ ...demand, parameters, keepAlive: keepAlive() })
    },
  }
}
