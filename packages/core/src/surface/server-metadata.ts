/** The endpoints of an authorization server (RFC 8414). Further members of its metadata are used too. */
export interface ServerMetadata {
  /** The URL at which users sign in. Required for a sign-in (RFC 6749 §3.1). */
  readonly authorization_endpoint?: string
  /** The URL that returns and refreshes tokens (RFC 6749 §3.2). Its origin gets the client secret and refresh tokens. */
  readonly token_endpoint: string
  /** The URL that starts the device grant. Required for `connectWithDeviceCode()` (RFC 8628 §4). */
  readonly device_authorization_endpoint?: string
  /** The URL that revokes tokens (RFC 7009). Without it, Evertoken revokes no token. */
  readonly revocation_endpoint?: string
  /** The URL at which users sign out. Without it, a sign-out ends only the session of Evertoken. */
  readonly end_session_endpoint?: string
  /** The URL of the keys that sign ID tokens and logout tokens. Needed for back-channel logout (RFC 7517 §5). */
  readonly jwks_uri?: string
  readonly [member: string]: unknown
}

/**
 * How users sign out at an authorization server that differs from OpenID Connect RP-Initiated Logout.
 *
 * @example
 *   const endSession = { url: 'https://login.example.com/logout', postLogoutParameter: 'logout_uri' } // Amazon Cognito
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout RP-Initiated Logout, section 2}
 */
export interface EndSessionProfile {
  /**
   * The URL at which users sign out.
   *
   * @default `end_session_endpoint` of the metadata
   */
  readonly url?: string
  /** Further parameters of the URL. They replace parameters of the same name. */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * The name of the parameter with the address to which the server sends the browser back.
   *
   * @default 'post_logout_redirect_uri'
   */
  readonly postLogoutParameter?: string
  /**
   * Whether the URL has the ID token of the user as `id_token_hint`.
   *
   * An ID token that makes the URL longer than 2 KB is omitted. The URL then has a `logout_hint`.
   *
   * @default true
   */
  readonly idTokenHint?: boolean
}
