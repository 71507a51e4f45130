import type { RevocationOutcome } from '../vocabulary/index.ts'

/** The facts and functions for a revocation that differs from RFC 7009. */
export interface RevocationContext {
  /** The client of the authorization server. */
  readonly clientId: string
  /** Sends a request to the server, with the time limit of Evertoken. It adds no client authentication. */
  readonly send: (url: string, init?: RequestInit) => Promise<Response>
}

/**
 * How a server revokes a grant, if it differs from RFC 7009.
 *
 * @example
 *   const profile = { url: 'https://api.dropboxapi.com/2/auth/token/revoke', token: 'access_token', authentication: 'bearer' }
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2.1 RFC 7009, section 2.1: Revocation Request}
 */
export interface RevocationProfile {
  /** The URL. `{client_id}` in it stands for the client ID. */
  readonly url: string
  /**
   * The method of the request.
   *
   * @default 'POST'
   */
  readonly method?: 'POST' | 'DELETE'
  /**
   * The member of a token response whose value the server revokes, such as `access_token`. For another one than the refresh token,
   * Evertoken uses the refresh token first, to get a response with it.
   *
   * @default 'refresh_token'
   */
  readonly token?: string
  /**
   * The name of the parameter with this value.
   *
   * @default 'token' for the refresh token, otherwise the name of the member
   */
  readonly parameter?: string
  /**
   * Whether the body is a form or JSON.
   *
   * @default 'form'
   */
  readonly format?: 'form' | 'json'
  /**
   * `client`: the client authenticates, as at the token endpoint. `client_secret_basic`: it sends its secret in the `Authorization`
   * header, also if `clientAuthentication` is another method.
   * `bearer`: the value is sent in the `Authorization` header, without parameters.
   *
   * @default 'client'
   */
  readonly authentication?: 'client' | 'client_secret_basic' | 'bearer'
}

declare const brand: unique symbol

/**
 * A revocation that differs from RFC 7009, for `server.revocation`. Only `customRevocation()` creates it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2.1 RFC 7009, section 2.1: Revocation Request}
 */
export interface CustomRevocation extends RevocationProfile {
  readonly [brand]: true
}

/** Functions for the differences of an authorization server that data cannot describe. */
export interface ServerDialect {
  /**
   * Changes the JSON body of each response of the token endpoint before Evertoken reads it, such as one with an error in its own
   * format.
   *
   * It must be fast and synchronous. If it throws or returns no object, Evertoken reads the unchanged body, so that no
   * refresh token is lost.
   *
   * @param body - The unchanged body.
   * @returns The body as RFC 6749 defines it.
   * @example
   *   const readTokenResponse = (body: Readonly<Record<string, unknown>>) =>
   *     body['ok'] === false ? { error: 'invalid_grant' } : body
   *   const dialect = { readTokenResponse }
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5 RFC 6749, section 5: Issuing an Access Token}
   */
  readonly readTokenResponse?: (body: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
  /**
   * Revokes a token at a server without RFC 7009. If it throws, the revocation has failed.
   *
   * @param token - A refresh token, or an access token with `revokeOnLogout: 'all'`.
   * @returns The outcome. Evertoken tries again after `'failed'`.
   * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2: Token Revocation}
   */
  readonly revoke?: (token: string, context: RevocationContext) => Promise<RevocationOutcome>
}
