import { checkTokenParameters } from './token-parameter-checks.ts'
import { createCredential } from '../mechanisms/calls/bearer-credential.ts'
import { type ClientTokens, createClientTokens } from '../mechanisms/client-tokens/client-tokens.ts'
import { omitUndefined, pick } from '../rules/members.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import { accessTokenOf } from './access-tokens.ts'
import { unlessAborted } from './bound-session.ts'
import { type ClientCredentials, createTokenSource, type SourceContext } from './token-source.ts'

/** All values for one context share the tokens, so that each token is requested once. */
const clientTokensByContext = new WeakMap<SourceContext, ClientTokens>()

/**
 * Gets tokens for the context itself, with client credentials.
 *
 * Pass it as the option `client` of `evertoken`, or as `token` of a token fetch or a proxy route. Tokens are refreshed
 * before they expire, and all processes that share a store share them.
 *
 * @param request - Which token to request. Default: the authorization server decides.
 * @returns A value that is bound to no context. The token comes from the authorization server of the context.
 * @throws {ConfigurationError} If the request is invalid.
 * @example
 *   const auth = evertoken({ ...options, client: clientCredentials({ scope: 'catalog:read' }) })
 *   const token = await auth.getClientAccessToken()
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4: Client Credentials Grant}
 */
export function clientCredentials(request: TokenParameters = {}): ClientCredentials {
  checkTokenParameters(request)
  return createTokenSource<ClientCredentials>('client_credentials', (context) => {
    const tokens = connectedTokens(context)
    return async ({ parameters, rejected, signal, keepAlive = context.keepAlive }) => {
      signal?.throwIfAborted()
      const wanted = parameters ? { ...request, ...membersOf(parameters) } : request
      const work = tokens.token({ parameters: wanted, rejected, keepAlive })
      const token = await (signal ? unlessAborted(work, signal) : work)
      const credential = createCredential(token, undefined, context.connection.binding)
      return accessTokenOf(token, context.serverClock.read(), credential)
    }
  })
}

function membersOf(parameters: TokenParameters): TokenParameters {
  return omitUndefined(pick(parameters, ['resource', 'scope', 'parameters']))
}

function connectedTokens(context: SourceContext): ClientTokens {
  const known = clientTokensByContext.get(context)
  if (known) return known
  const tokens = createClientTokens({
    issuer: context.issuer,
    clientId: context.clientId,
    connection: context.connection,
    server: context.server,
    store: context.store,
    isStorePrivate: context.isStorePrivate,
    // A web application and a service that have the same client share its tokens.
    seal: context.sealFor('client tokens', JSON.stringify([context.issuer, context.clientId])),
    flights: context.flights,
    line: context.line,
    clock: context.clock,
    serverClock: context.serverClock,
    emit: context.emit,
    random: context.random,
    refreshBeforeExpirySeconds: context.refreshBeforeExpirySeconds,
    serverTimeoutMs: context.serverTimeoutMs,
    storeTimeoutMs: context.storeTimeoutMs,
    admits: context.admits,
  })
  clientTokensByContext.set(context, tokens)
  return tokens
}
