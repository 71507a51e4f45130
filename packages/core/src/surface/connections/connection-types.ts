import type { TokenFetch } from '../../handlers/calls/token-fetch.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import type { AccessToken, BrokenReason, RevocationOutcome } from '../../vocabulary/index.ts'
import type { CallOptions } from '../call-options.ts'
import type { CarryOptions } from '../token-fetch-options.ts'

/** The facts about the account that an owner has connected. */
export interface ConnectionFacts {
  /** The account at the provider, as far as the token response or the application has named it. They are a copy. */
  readonly claims: UserClaims
  /** The granted scope. `undefined` if the authorization server has not reported it. */
  readonly scope: string | undefined
  /** When the owner has connected it last, in seconds since the epoch. */
  readonly connectedAt: number
  /** When the grant ends, in seconds since the epoch. `undefined` if the authorization server has not reported it. */
  readonly grantExpiresAt: number | undefined
}

/** The state of a connection. It contains no token. */
export type ConnectionState =
  /** The owner has not connected it, or has disconnected it. */
  | { readonly state: 'not_connected' }
  /** It works, as far as the record shows. */
  | ({ readonly state: 'active' } & ConnectionFacts)
  /** The owner must connect it again. `since` is in seconds since the epoch. */
  | ({
      readonly state: 'needs_reauthorization'
      readonly reason: BrokenReason
      readonly since: number
    } & ConnectionFacts)

/** A connection of an owner, with its name. */
export type ListedConnection<Name extends string = string> = Exclude<
  ConnectionState,
  { readonly state: 'not_connected' }
> & { readonly name: Name }

/** The outcome of the revocation of one connection. */
export interface DisconnectedConnection<Name extends string = string> {
  /** The name of the connection. `undefined` if its record could not be read. */
  readonly name: Name | undefined
  /** Whether its grant was revoked. After `failed`, another call tries again. */
  readonly outcome: RevocationOutcome
}

/** Options of the link with which an owner connects an account. */
export interface ConnectOptions {
  /** The path of this application to which the browser goes after that. */
  readonly returnTo?: string
  /** Further scope, in addition to that of the provider and that already granted. Values are separated by spaces. */
  readonly scope?: string
}

/** The facts that an application adds to a token response. */
export interface SaveOptions {
  /** Claims about the account, which replace those of the ID token. With `sub`, another account is detected. */
  readonly claims?: UserClaims
  /**
   * The private key, as a JWK, of the proof in your token request. Required with `senderConstraint: dpop()`.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-5 RFC 9449, section 5: DPoP Access Token Request}
   */
  readonly proofKey?: JsonWebKey
}

/**
 * The connection of the user whose request is handled. Each call finds the owner, so you can create it before the first request.
 *
 * If no user is signed in, it is not connected, and `save` and `disconnect` reject with `no_session`.
 */
export interface CurrentConnection<Name extends string = string> {
  /** The name of the provider, or `provider:label`. */
  readonly name: Name
  /**
   * Returns a current access token, and refreshes it first if it has expired.
   *
   * Concurrent calls share one token request, across processes too.
   *
   * @param options - Which token to return. With `forceRefresh`, a refresh token that the server has refused is tried again.
   * @returns The token, or `undefined` if the owner must act. `getState` returns the reason.
   * @throws {TryLaterError} If no token is available now. The grant is kept.
   * @throws {ConfigurationError} If an option is invalid or the authorization server rejects the client.
   * @throws {OperatorError} If the store or the key service fails.
   * @example
   *   const token = await connections.get(userId, 'google').getAccessToken({ minValiditySeconds: 300 })
   *   if (!token) console.log('Ask the user to connect the account.')
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
   */
  getAccessToken(options?: TokenParameters & CallOptions): Promise<AccessToken | undefined>
  /**
   * Creates a `fetch` that sends the token of this connection.
   *
   * @param options - Where the token is sent, and which token.
   * @throws {ConfigurationError} If an option is missing, unknown or invalid.
   * @example
   *   const google = connections.get(userId, 'google')
   *   const calendar = google.createTokenFetch({ baseUrl: 'https://www.googleapis.com/calendar/v3/' })
   *   const response = await calendar('calendars/primary/events')
   * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750, section 2.1: Authorization Request Header Field}
   */
  createTokenFetch(options: CarryOptions & TokenParameters): TokenFetch
  /**
   * Returns the state of the connection, without a request to the authorization server.
   *
   * @throws {OperatorError} If the store fails.
   * @example
   *   const state = await connection.getState()
   *   if (state.state === 'needs_reauthorization') console.log(state.reason, connection.connectUrl())
   */
  getState(): Promise<ConnectionState>
  /**
   * Returns the part of a scope that the owner has not granted. Empty if all is granted, or the server does not report scopes.
   *
   * @param scope - The required scope, separated by spaces.
   * @throws {OperatorError} If the store fails.
   * @example
   *   const scope = await connection.missingScope('files.read files.write')
   *   if (scope) console.log(connection.connectUrl({ scope }))
   */
  missingScope(scope: string): Promise<string>
  /**
   * Returns the path of this application where the browser of the owner connects the account, for a link. It has no secret.
   *
   * `route` of the connections serves the path.
   *
   * @param options - The scope, and the destination after that.
   * @throws {ConfigurationError} If an option is unknown or invalid.
   * @example
   *   const href = connection.connectUrl({ returnTo: '/settings' }) // '/connections/google/connect?returnTo=%2Fsettings'
   */
  connectUrl(options?: ConnectOptions): string
  /**
   * Stores a grant that the application has received elsewhere, such as from its own sign-in or another library.
   *
   * If `expires_in` is missing, `expires_at` is read, in seconds since the epoch. A response without a refresh token keeps
   * the earlier one. Only pass an ID token that you have received from the authorization server directly.
   *
   * @param tokenResponse - The JSON of the token response.
   * @param options - `claims` replaces the claims of the ID token.
   * @throws {RequestRefusedError} If the grant is of another account. The earlier grant is kept.
   * @throws {ConfigurationError} If the token response has no usable token.
   * @throws {OperatorError} If the store fails.
   * @example
   *   await connections.get(userId, 'google').save(account) // `account` of Auth.js
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 RFC 6749, section 5.1: Successful Response}
   */
  save(tokenResponse: unknown, options?: SaveOptions): Promise<void>
  /**
   * Removes the connection, and revokes its grant at the authorization server.
   *
   * @returns Whether the grant was revoked. After `failed`, the connection is removed, and another call tries to revoke it
   * again, for a day.
   * @throws {OperatorError} If the store fails. Calling again completes the removal.
   * @example
   *   const outcome = await connections.get(userId, 'google').disconnect() // 'revoked'
   * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2: Token Revocation}
   */
  disconnect(): Promise<RevocationOutcome>
}

/** The connection of one owner to one account. */
export interface Connection<Name extends string = string> extends CurrentConnection<Name> {
  /** The owner that was passed to `get`. */
  readonly owner: string
}
