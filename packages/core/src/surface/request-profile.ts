import type { TokenHeader } from '../model/stored-tokens.ts'
import type { CustomRevocation } from '../ports/dialect.ts'
import type { CustomTokenRequest } from '../rules/protocol/token-request-form.ts'

/**
 * How requests to an authorization server and its APIs differ from the standards.
 *
 * @example
 *   const profile = { tokenRequest: customTokenRequest({ format: 'json' }), tokenHeader: { prefix: 'Zoho-oauthtoken ' } }
 */
export interface RequestProfile {
  /**
   * The header in which an API of the server expects the access token, if it is not `Authorization: Bearer`. Calls of Evertoken use
   * it. For other clients, use `headersFor()` of the token. A token that is bound to a key ignores it.
   *
   * @default the header `Authorization`, with `Bearer`
   * @example
   *   const tokenHeader = { name: 'X-Shopify-Access-Token' }
   */
  readonly tokenHeader?: TokenHeader
  /** How requests with client authentication differ from the standard: `customTokenRequest()` of `@evertoken/core/requests`. */
  readonly tokenRequest?: CustomTokenRequest
  /** How the server revokes a grant, if it differs from RFC 7009: `customRevocation()` of `@evertoken/core/requests`. */
  readonly revocation?: CustomRevocation
  /**
   * The value of `redirect_uri` in requests, if the server expects a registered name there, as eBay does. At the server, register
   * the URL of the callback for this name.
   *
   * @default the URL of the callback
   */
  readonly redirectUri?: string
}
