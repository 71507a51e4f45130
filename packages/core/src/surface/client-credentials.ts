import { checkTokenParameters, PARAMETER_NAMES } from './token-parameter-checks.ts'
import { createCredential } from '../mechanisms/calls/bearer-credential.ts'
import { type ClientTokens, createClientTokens } from '../mechanisms/client-tokens/client-tokens.ts'
import { omitUndefined, pick } from '../rules/members.ts'
import { requestClientCredentials } from '../mechanisms/protocol/client-credentials.ts'
import { tokenKey, type TokenParameters } from '../model/token-parameters.ts'
import type { Acquisition } from '../ports/acquisition.ts'
import { accessTokenOf } from './access-tokens.ts'
import { unlessAborted } from './bound-session.ts'
import {
  type ClientCredentials,
  type ConnectedSource,
  createTokenSource,
  type SourceContext,
} from './token-source.ts'

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
  const connect = (context: SourceContext): ConnectedSource => {
    const tokens = connectedTokens(context)
    return async ({ parameters, signal, keepAlive = context.keepAlive, ...demand }) => {
      signal?.throwIfAborted()
      const wanted = parameters ? { ...request, ...membersOf(parameters) } : request
      const work = tokens.token({ ...demand, key: tokenKey(wanted), parameters: wanted, keepAlive })
      const token = await (signal ? unlessAborted(work, signal) : work)
      const credential = createCredential(token, undefined, context.connection.binding)
      return accessTokenOf(token, context.serverClock.read(), credential)
    }
  }
  return createTokenSource<ClientCredentials>('client_credentials', connect, tokenKey(request))
}

function membersOf(parameters: TokenParameters): TokenParameters {
  return omitUndefined(pick(parameters, PARAMETER_NAMES))
}

function connectedTokens(context: SourceContext): ClientTokens {
  const known = clientTokensByContext.get(context)
  if (known) return known
  const { connection, server, refreshBeforeExpirySeconds } = context
  const tokens = createTokensOf(context, 'client_credentials', {
    policy: { consumes: 'nothing', refreshBeforeExpirySeconds, serveDuringRefresh: true },
    ready: (keepAlive) => server.ready(keepAlive),
    acquire: ({ ledger }, parameters) =>
      requestClientCredentials(connection, parameters, ledger.tokens['']?.proofKey),
    isResponding: () => server.isResponding(),
  })
  clientTokensByContext.set(context, tokens)
  return tokens
}

/** Creates the tokens of the context that one grant gets. A web application and a service that have the same client share them. */
export function createTokensOf(
  context: SourceContext,
  grant: string,
  acquisition: Acquisition,
): ClientTokens {
  const seal = context.sealFor('client tokens', JSON.stringify([context.issuer, context.clientId]))
  const { constraint } = context.connection
  return createClientTokens({ ...context, grant, constraint, acquisition, seal })
}
