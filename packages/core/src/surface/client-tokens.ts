import type { TokenFetch } from '../handlers/calls/token-fetch.ts'
import type { KeepAlive, Runtime } from '../ports/runtime.ts'
import { type ClientTokenAccess, createClientAccess } from './client-access.ts'
import { type ClientApplication, createClientApplication } from './client-application.ts'
import type { ClientTokensOptions } from './client-options.ts'
import type { BoundSession } from './bound-session.ts'
import { invalid } from './checks.ts'
import type { Drainable } from './drain.ts'
import { createBoundTokenFetch, type Outside } from './bound-token-fetch.ts'
import { getSourceToken, type SourceTokenOptions } from './source-access.ts'
import type { TokenFetchOptions } from './token-fetch-options.ts'
import { withSources } from './application-sources.ts'
import type { AccessToken } from '../vocabulary/index.ts'

/** The tokens of a service that calls APIs as itself. */
export interface ClientTokens extends ClientTokenAccess, Drainable {
  /**
   * Creates a `fetch` that sends the token of the client.
   *
   * @param options - Where the token is sent, and which token.
   * @throws {ConfigurationError} If an option is missing, unknown or invalid.
   * @example
   *   const ledger = createTokenFetch({ baseUrl: 'https://ledger.example.com/v1/' })
   *   await ledger('entries', { method: 'POST', body })
   */
  createTokenFetch(options: TokenFetchOptions<'client'>): TokenFetch
  /**
   * Resolves to a token of another grant, such as an exchange of the token that this service was called with.
   *
   * @param options - The source, and what you require of the token.
   * @returns The token, or `undefined` if the user must sign in.
   * @throws {TryLaterError} If the authorization server does not respond. Try again after `retryAfterSeconds`.
   * @throws {ConfigurationError} If the server refuses the grant or the client.
   * @throws {OperatorError} If the store or the function that returns the client secret fails.
   * @example
   *   const token = await getAccessToken({ token: tokenExchange({ audience: 'stock', subject: () => incoming }) })
   * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2.1 RFC 8693, section 2.1: Request}
   */
  getAccessToken(options: SourceTokenOptions): Promise<AccessToken | undefined>
}

/**
 * Creates the token management of a service without users. Services call `createClientTokens` of the package for their
 * runtime instead.
 *
 * @param options - The client and its authorization server.
 * @param runtime - The functions that the adapter provides.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const runtime = { flights: createFlights(), keepAlive() {} }
 *   export const { getClientAccessToken } = createClientTokens({ issuer, clientId, clientSecret }, runtime)
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4: Client Credentials Grant}
 */
export function createClientTokens(
  options: ClientTokensOptions,
  runtime: Pick<Runtime, 'flights' | 'keepAlive' | 'pollMs'>,
): ClientTokens {
  return connectClientTokens(createClientApplication(options, runtime))
}

/**
 * Creates the functions of a service without users. Adapters call it if each invocation has its own `keepAlive`.
 *
 * @param application - The result of `createClientApplication`.
 * @param given - Keeps the work of the calls alive. Default: the function of the runtime.
 * @example
 *   const service = { issuer: 'https://login.example.com', clientId: 'service', clientSecret: 'secret' }
 *   const application = createClientApplication(service, runtime)
 *   const { getClientAccessToken } = connectClientTokens(application, (work) => context.waitUntil(work))
 */
export function connectClientTokens(application: ClientApplication, given?: KeepAlive): ClientTokens {
  const { context, work } = application
  const keepAlive = given && work.tracking(given)
  const outside: Outside = { sources: () => context, session: () => undefined, keepAlive: () => keepAlive }
  return withSources(
    {
      ...createClientAccess(outside),
      createTokenFetch: (options) =>
        createBoundTokenFetch(findUser, { token: 'client', ...options }, outside),
      getAccessToken: (options) => getSourceToken(options, context, { keepAlive }),
      drain: work.drain,
      [Symbol.asyncDispose]: work[Symbol.asyncDispose],
    },
    context,
  )
}

function findUser(): BoundSession {
  throw invalid('token', "must be 'client' or a source, because this service has no users")
}
