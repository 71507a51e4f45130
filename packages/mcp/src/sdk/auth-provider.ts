import type { AccessToken } from '@evertoken/core'
import { invalid, systemClock } from '@evertoken/core/adapter'
import { type McpConnection, ownerMustAct } from './owner-must-act.ts'

/** The tokens of a connection for a transport that sends them itself. */
export interface McpAuthProvider {
  /** Returns a current token. */
  token(): Promise<string>
  /** Replaces a token that the server has rejected. */
  onUnauthorized(): Promise<void>
}

/**
 * Creates the option `authProvider` for the transports of `@modelcontextprotocol/client` 2.x.
 *
 * The transport gets current tokens and never a refresh token. If the server rejects a token, it is refreshed once for all calls.
 *
 * @param connection - The connection of the user.
 * @returns The provider. If the owner must act, calls reject with a `SignInRequiredError` whose `url` is the link.
 * @throws {ConfigurationError} A call throws it if tokens are bound to a key. Use {@link mcpFetch} for them.
 * @example
 *   const url = 'https://mcp.example.com/mcp'
 *   const authProvider = mcpAuthProvider(connections.get(userId, `mcp:${url}`))
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750, section 2.1: Authorization Request Header Field}
 */
export function mcpAuthProvider(connection: McpConnection): McpAuthProvider {
  const tokens = createTokens(connection)
  return {
    token: async () => (await tokens.current()).value,
    async onUnauthorized() {
      await tokens.replace()
    },
  }
}

/** The tokens that one transport has sent. */
export interface SentTokens {
  current(): Promise<AccessToken>
  /** Returns another token, if there is one. Rejects only if none exists, because another call may have replaced it. */
  replace(): Promise<AccessToken>
}

/** How long responses to requests with a replaced token can arrive, in milliseconds. */
const LATE_MS = 10_000

/** @param elapsed - Returns the monotonic clock, in milliseconds. */
export function createTokens(
  connection: McpConnection,
  elapsed: () => number = systemClock.elapsed,
): SentTokens {
  let latest: AccessToken | undefined
  let replaced: { readonly token: AccessToken; readonly at: number } | undefined

  async function get(rejectedToken?: AccessToken): Promise<AccessToken> {
    const token = await connection.getAccessToken(rejectedToken && { rejectedToken })
    if (!token) throw await ownerMustAct(connection)
    if (token.type !== 'Bearer')
      throw invalid(
        'authProvider',
        'cannot send a token that is bound to a key. Use `fetch: mcpFetch(connection, url)`',
      )
    latest = token
    return token
  }

  return {
    current: () => get(),
    async replace() {
      // The SDK does not show which token was rejected. A call at the same time can have sent the one before.
      const isLate = replaced && elapsed() - replaced.at < LATE_MS
      const rejected = isLate ? replaced?.token : latest
      const token = await get(rejected)
      if (!isLate && rejected && token.value !== rejected.value) replaced = { token: rejected, at: elapsed() }
      return token
    },
  }
}
