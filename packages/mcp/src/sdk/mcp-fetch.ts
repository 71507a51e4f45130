import type { CarryOptions, TokenFetch } from '@evertoken/core'
import { discardBody, invalid, parseUrl } from '@evertoken/core/adapter'
import { errorOf, type McpConnection } from './owner-must-act.ts'

/** Options of `mcpFetch()`. */
export type McpFetchOptions = Pick<CarryOptions, 'fetch' | 'insecureHosts' | 'minValiditySeconds'>

/**
 * Creates a `fetch` for one MCP server, for clients without an SDK and for the option `fetch` of the transports of all SDKs.
 *
 * It sends the token of the connection, also one that is bound to a key, and replaces a token that the server rejects.
 *
 * @param connection - The connection of the user.
 * @param url - The URL of the MCP server. The token is sent only there and below.
 * @param options - As for `createTokenFetch`.
 * @returns A `fetch` that throws if the owner must act. The `url` of the error is the link for the owner.
 * @throws {ConfigurationError} If the URL or an option is invalid. A call throws the errors of `getAccessToken`, and a
 * {@link SignInRequiredError} if no token exists, the server needs more scope, or it rejects a current token.
 * @example
 *   const url = 'https://mcp.example.com/mcp'
 *   const send = mcpFetch(connections.get(userId, `mcp:${url}`), url)
 *   const response = await send(url, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 RFC 6750, section 3: The WWW-Authenticate Response Header Field}
 */
export function mcpFetch(
  connection: McpConnection,
  url: string | URL,
  options: McpFetchOptions = {},
): TokenFetch {
  const server = parseUrl(url)
  if (!server) throw invalid('url', 'must be the absolute URL of the MCP server')
  const { origin, pathname } = server
  const baseUrl = origin + pathname
  const send = connection.createTokenFetch({ ...options, baseUrl, throwTokenErrors: true })
  return async (input, init) => {
    const response = await send(input, init)
    const error = response.ok ? undefined : await errorOf(response, connection)
    if (!error) return response
    discardBody(response.body)
    throw error
  }
}
