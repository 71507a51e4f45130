import type { UserInfoProfile } from '../mechanisms/protocol/user-info.ts'
import type { RequestProfile } from './request-profile.ts'
import type { EndSessionProfile, ServerMetadata } from './server-metadata.ts'
import type { ReusePolicy } from '../rules/refresh/decide.ts'
import type { ServerDialect } from '../ports/dialect.ts'
import type { ServerVerdict } from '../rules/refresh/verdicts.ts'

/**
 * An authorization server, and how it differs from the standards. It is plain data, so you can print it and spread it.
 *
 * @example
 *   const server = { issuer: 'https://login.example.com', refreshTokenReuse: { graceSeconds: 10 } }
 *   export const auth = evertoken({ server, clientId, clientSecret, encryptionSecret })
 */
export interface ServerProfile extends RequestProfile {
  /**
   * The issuer identifier. Its endpoints come from its metadata.
   *
   * Copy it from the member `issuer` of the metadata. Each character counts, also a slash at the end.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414, section 2: Authorization Server Metadata}
   */
  readonly issuer: string
  /**
   * The URL of the metadata, or the metadata itself. With the metadata itself, Evertoken sends no request for it.
   *
   * Use it if the server has no discovery, or publishes the metadata elsewhere. Metadata from a URL is read again after 1
   * hour, in the background. If the metadata has an `issuer`, calls compare it with the option `issuer`.
   *
   * @default The well-known URL below the issuer.
   * @example
   *   const server = { issuer, metadata: { token_endpoint: `${issuer}/token`, authorization_endpoint: `${issuer}/authorize` } }
   * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3 RFC 8414, section 3: Obtaining Metadata}
   */
  readonly metadata?: string | ServerMetadata
  /**
   * Members that complete the metadata, or replace members of it. They also apply to metadata from a URL.
   *
   * Use it for an endpoint that the server has and does not publish. Each endpoint must use https.
   *
   * @default {}
   * @example
   *   const server = { issuer, endpoints: { revocation_endpoint: `${issuer}/oauth/revoke` } }
   * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414, section 2: Authorization Server Metadata}
   */
  readonly endpoints?: Partial<ServerMetadata>
  /**
   * Whether the metadata must name the same issuer as the option `issuer`. `any`: it can name another one.
   *
   * A slash at the end does not matter. Azure AD B2C needs `any`, because its issuer does not name the policy. Then set
   * `metadata` to the URL of the metadata: the server at that URL decides which issuer Evertoken trusts.
   *
   * @default 'equal'
   * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3.3 RFC 8414, section 3.3: Metadata Validation}
   */
  readonly issuerInMetadata?: 'equal' | 'any'
  /**
   * The IDs of the tenants whose users can sign in, if the issuer in the metadata contains `{tenantid}`.
   *
   * Microsoft Entra ID has such an issuer for `common` and `organizations`. There, any organization can have users, so a
   * list is required. Evertoken refuses the ID tokens of other tenants.
   *
   * @default []
   * @example
   *   const issuer = 'https://login.microsoftonline.com/organizations/v2.0'
   *   const server = { issuer, tenants: ['9188040d-6c67-4c5b-b112-36a304b66dad'] }
   */
  readonly tenants?: readonly string[]
  /**
   * The address at which this process reaches the issuer, if browsers use another one, as in Docker Compose.
   *
   * Evertoken fetches the metadata there, and calls endpoints that begin with the origin of the issuer there. Browsers
   * still use the authorization endpoint and the end-session endpoint of the metadata.
   *
   * @default the issuer
   * @example
   *   const server = { issuer: 'http://localhost:8080/realms/app', internalUrl: 'http://keycloak:8080/realms/app' }
   */
  readonly internalUrl?: string
  /** How users sign out at the server, if it differs from OpenID Connect. */
  readonly endSession?: EndSessionProfile
  /**
   * How the client ID and the client secret are written in the `Authorization` header. `encoded`: form-encoded, as the
   * standard requires. `plain`: without encoding, for servers that do not decode them.
   *
   * It matters only if one of them has a character other than letters, digits, `-`, `.`, `_` and `*`.
   *
   * @default 'encoded'
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749, section 2.3.1: Client Password}
   */
  readonly basicCredentials?: 'encoded' | 'plain'
  /**
   * What the server does if it receives a refresh token twice. `strict`: it ends the grant. `tolerant`: it accepts both
   * uses. `{ graceSeconds }`: it accepts the second use for that time.
   *
   * It decides what happens after a lost response. With `strict`, Evertoken does not send the token again while the access
   * token still works. With a grace period, it sends the token again immediately, so that no session is lost. Use only a value that
   * the documentation of the server states: a value that is too large ends grants.
   *
   * @default 'strict'
   * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 RFC 9700, section 4.14.2: Refresh Token Protection}
   */
  readonly refreshTokenReuse?: ReusePolicy
  /**
   * Whether a refresh ends the previous access token. If so, calls wait for a refresh in progress.
   *
   * GitHub and Ory Hydra do so. If the value is wrong, APIs reject calls that began during a refresh.
   *
   * @default false
   */
  readonly refreshEndsAccessToken?: boolean
  /**
   * The lifetime of an access token whose response specifies none, in seconds. A token of a sign-in without a refresh
   * token then lasts until the session ends.
   *
   * @default 300
   */
  readonly defaultTokenLifetimeSeconds?: number
  /**
   * Other values of `token_type` that mean Bearer, such as Slack's `bot`. Case does not matter (RFC 6749 §5.1).
   *
   * @default []
   */
  readonly tokenTypes?: readonly string[]
  /**
   * How the values of `scope` are separated in requests. All options use spaces.
   * @default ' '
   */
  readonly scopeSeparator?: ' ' | ','
  /**
   * The scope of a sign-in if the option `scope` is absent. Without `openid`, the server is treated as plain OAuth 2, which has
   * no ID token. With an empty text, Evertoken asks for no scope.
   *
   * @default 'openid offline_access', without `offline_access` if the metadata lists scopes and not this one
   */
  readonly defaultScope?: string
  /**
   * The algorithm of ID tokens and logout tokens, such as `ES256`. Evertoken refuses all others. `HS256` uses the client
   * secret as its key.
   *
   * @default RS256 if the metadata lists it, otherwise an asymmetric algorithm that the metadata lists
   * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation OpenID Connect Core, section 3.1.3.7: ID Token Validation}
   */
  readonly idTokenSigningAlgorithm?: string
  /**
   * Whether a sign-in sends a `nonce`, which the ID token must repeat. Set it to `false` only for a server that drops it.
   *
   * @default true
   */
  readonly nonce?: boolean
  /**
   * Whether a sign-in adds the claims of UserInfo to those of the ID token, if the metadata has a `userinfo_endpoint`.
   * Without the scope `openid`, there is no ID token. Then pass an object, and UserInfo identifies the user.
   *
   * @default true
   * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo OpenID Connect Core, section 5.3: UserInfo Endpoint}
   */
  readonly userInfo?: boolean | UserInfoProfile
  /**
   * How many seconds the clocks of the server and of the application may differ when the times of an ID token are checked,
   * from 0 to 300.
   *
   * @default 30
   */
  readonly clockToleranceSeconds?: number
  /** Further parameters of the authorization request. The option `authorizationParameters` has precedence. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /**
   * What error responses of the token endpoint mean, if they differ from the standards. The first one that matches decides.
   *
   * Evertoken recognizes the registered errors, and those of GitHub, Slack and Entra ID, without it. An unknown error means
   * `try_later` twice. The third time, the user must sign in.
   *
   * @default []
   * @example
   *   const verdicts = [{ status: 400, member: 'status', is: ['BAD_REFRESH_TOKEN'], means: 'refresh_token_dead' }] // HubSpot
   */
  readonly verdicts?: readonly ServerVerdict[]
  /** Functions for differences that data cannot describe. */
  readonly dialect?: ServerDialect
}

/** The authorization server. `issuer` is short for `server: { issuer }`. Set one of them. */
export type ServerChoice =
  | {
      /** The issuer identifier of the authorization server. Its endpoints come from its metadata. */
      readonly issuer: string
      readonly server?: never
    }
  | {
      /** The authorization server, with its differences from the standards. */
      readonly server: ServerProfile
      readonly issuer?: never
    }
