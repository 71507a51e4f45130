import { type ClientTokens, createClientTokens } from '../mechanisms/client-tokens/client-tokens.ts'
import { defined, pick } from '../rules/members.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import { accessTokenOf, unlessAborted } from './bound-session.ts'
import { checkTokenParameters } from './checks.ts'
import { type ClientCredentials, createTokenSource, type SourceApplication } from './token-source.ts'

/** All values for one application share the tokens, so that each token is requested once. */
const tokensOf = new WeakMap<SourceApplication, ClientTokens>()

/**
 * Gets tokens for the application itself, with client credentials.
 *
 * Pass it as the option `client` of `evertoken`, or as `token` of a token fetch or a proxy route. Tokens are refreshed
 * before they expire, and all processes that share a store share them.
 *
 * @param request - Which token to request. Default: the authorization server decides.
 * @returns A value that is bound to no application. The token comes from the authorization server of the application.
 * @throws {ConfigurationError} If the request is invalid.
 * @example
 *   const auth = evertoken({ ...options, client: clientCredentials({ scope: 'catalog:read' }) })
 *   const token = await auth.getClientAccessToken()
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4: Client Credentials Grant}
 */
export function clientCredentials(request: TokenParameters = {}): ClientCredentials {
  checkTokenParameters(request)
  return createTokenSource<ClientCredentials>('client_credentials', (application) => {
    const tokens = connectedTokens(application)
    return async ({ parameters, rejected, signal, keepAlive = application.keepAlive }) => {
      signal?.throwIfAborted()
      const wanted = parameters ? { ...request, ...membersOf(parameters) } : request
      const work = tokens.token({ parameters: wanted, rejected, keepAlive })
      const token = await (signal ? unlessAborted(work, signal) : work)
      return accessTokenOf(token, application.serverClock.read())
    }
  })
}

function membersOf(parameters: TokenParameters): TokenParameters {
  return defined(pick(parameters, ['resource', 'scope', 'parameters']))
}

function connectedTokens(application: SourceApplication): ClientTokens {
  const known = tokensOf.get(application)
  if (known) return known
  const tokens = createClientTokens({
    issuer: application.issuer,
    clientId: application.clientId,
    connection: application.connection,
    server: application.server,
    store: application.store,
    isStorePrivate: application.isStorePrivate,
    seal: application.sealFor('client tokens'),
    flights: application.flights,
    line: application.line,
    clock: application.clock,
    serverClock: application.serverClock,
    emit: application.emit,
    random: application.random,
    refreshBeforeExpirySeconds: application.refreshBeforeExpirySeconds,
    serverTimeoutMs: application.serverTimeoutMs,
    storeTimeoutMs: application.storeTimeoutMs,
    admits: application.admits,
  })
  tokensOf.set(application, tokens)
  return tokens
}
