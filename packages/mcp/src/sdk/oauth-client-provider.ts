import { TryLaterError } from '@evertoken/core'
import { createTokens } from './auth-provider.ts'
import { type McpConnection, scopeMissing } from './owner-must-act.ts'

/** The tokens as an SDK reads them. There is never a refresh token. */
export interface McpTokens {
  /** The current access token. */
  access_token: string
  /** Always `Bearer`. */
  token_type: string
  /** The scope of the token, if it is known. */
  scope?: string
}

/**
 * A provider for transports that run an OAuth flow themselves. It has the shape of `OAuthClientProvider` in
 * `@modelcontextprotocol/sdk` 1.x and `@ai-sdk/mcp`.
 */
export interface McpOAuthClientProvider {
  /** Present, so that an SDK does not request a token itself. */
  readonly redirectUrl: string
  /** The SDK does not register a client. */
  readonly clientMetadata: { redirect_uris: string[]; client_name: string }
  /** Present, so that an SDK does not register a client. */
  clientInformation(): { client_id: string }
  /** Returns a current token. */
  tokens(): Promise<McpTokens>
  /** Does nothing, because Evertoken stores the grant. */
  saveTokens(): void
  /** Rejects with the link for the owner. */
  redirectToAuthorization(url: URL): Promise<void>
  /** Does nothing, because Evertoken signs the owner in. */
  saveCodeVerifier(): void
  /** Returns a value without a meaning. */
  codeVerifier(): string
  /** Returns metadata without a meaning, so that an SDK requests none. Its servers could name any address. */
  discoveryState(): McpDiscoveryState
  /** Resolves to `undefined`, because Evertoken has checked the resource. */
  validateResourceURL(): Promise<undefined>
  /**
   * Lets an SDK use any authorization server for the discovery that precedes `redirectToAuthorization`. The scope of its URL is then
   * not used, because the SDK has taken it from the metadata of the server.
   */
  saveAuthorizationServerInformation(): void
}

/** The metadata that an SDK would otherwise request. */
export interface McpDiscoveryState {
  /** The issuer of `authorizationServerMetadata`. */
  authorizationServerUrl: string
  /** The metadata of the MCP server. */
  resourceMetadata: { resource: string; authorization_servers: string[] }
  /** The metadata of the authorization server. */
  authorizationServerMetadata: {
    issuer: string
    authorization_endpoint: string
    token_endpoint: string
    response_types_supported: string[]
    code_challenge_methods_supported: string[]
  }
}

/** What to do if the owner must act. */
export interface McpOAuthClientProviderOptions {
  /**
   * Called with the link, before the call rejects.
   *
   * @default none
   */
  readonly redirect?: (link: string) => void | Promise<void>
}

const UNUSED = 'https://evertoken.invalid/'

/**
 * Creates the option `authProvider` for the transports of `@modelcontextprotocol/sdk` 1.x and `@ai-sdk/mcp`.
 *
 * The SDK gets current tokens and never a refresh token, so it cannot refresh. Such an SDK cannot repeat a call whose token was
 * rejected. That call rejects with `TryLaterError`, and the next one has another token. With {@link mcpFetch}, the call is repeated.
 * `@ai-sdk/mcp` does not show which scope a call needs, so its calls never reject with `scope_missing`. Those with {@link mcpFetch} do.
 *
 * @param connection - The connection of the user.
 * @param options - What to do with the link if the owner must act.
 * @returns The provider. If the owner must act, calls reject with a `SignInRequiredError` whose `url` is the link.
 * @throws {ConfigurationError} A call throws it if tokens are bound to a key. Use {@link mcpFetch} for them.
 * @example
 *   const url = 'https://mcp.example.com/mcp'
 *   const authProvider = mcpOAuthClientProvider(connections.get(userId, `mcp:${url}`))
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750, section 2.1: Authorization Request Header Field}
 */
export function mcpOAuthClientProvider(
  connection: McpConnection,
  { redirect }: McpOAuthClientProviderOptions = {},
): McpOAuthClientProvider {
  const sent = createTokens(connection)
  // Such an SDK names all scopes that the server lists, and only for a token that was rejected. The owner might want to grant fewer.
  let isListedScope = false

  /** Throws the error for a token that the server has not accepted. */
  async function refuse(scope: string | null): Promise<never> {
    const missing = scope ? await connection.missingScope(scope) : ''
    if (missing !== '') throw await scopeMissing(connection, missing)
    // It throws if there is none. Otherwise, this call or one at the same time has replaced the token.
    await sent.replace()
    throw replaced()
  }

  return {
    redirectUrl: UNUSED,
    clientMetadata: { redirect_uris: [UNUSED], client_name: 'Evertoken' },
    clientInformation: () => ({ client_id: UNUSED }),
    async tokens() {
      const { value, type, scope } = await sent.current()
      return { access_token: value, token_type: type, ...(scope !== undefined && { scope }) }
    },
    saveTokens() {},
    async redirectToAuthorization(url) {
      try {
        await refuse(isListedScope ? null : url.searchParams.get('scope'))
      } catch (error) {
        const link = (error as { readonly url?: string }).url
        if (link !== undefined) await redirect?.(link)
        throw error
      }
    },
    discoveryState: () => ({
      authorizationServerUrl: UNUSED,
      resourceMetadata: { resource: UNUSED, authorization_servers: [UNUSED] },
      authorizationServerMetadata: {
        issuer: UNUSED,
        authorization_endpoint: UNUSED,
        token_endpoint: UNUSED,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      },
    }),
    validateResourceURL: () => Promise.resolve(undefined),
    saveCodeVerifier() {},
    codeVerifier: () => 'unused',
    saveAuthorizationServerInformation() {
      isListedScope = true
    },
  }
}

function replaced(): TryLaterError {
  const message = 'The MCP server rejected the token, which was replaced. Repeat the call.'
  return new TryLaterError('refresh_pending', message, { retryAfterSeconds: 1 })
}
