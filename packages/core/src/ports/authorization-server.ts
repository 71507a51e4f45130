import type { KeepAlive } from './runtime.ts'
import type { Registration } from '../model/session-record.ts'
import type { ProofKey } from '../model/proof-key.ts'
import type { UserClaims, TokenGrant } from '../model/token-grant.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import type { LogoutToken } from '../rules/protocol/logout-token.ts'
import type { ErrorCode, RedactedCause, RevocationOutcome } from '../vocabulary/index.ts'
import type { TokenBinding } from './token-binding.ts'

/** The result of a refresh at the token endpoint. */
export type RefreshResult =
  /** `grant.accessToken` is absent if the response has no usable one. `date` is the `Date` of the response. */
  | {
      readonly kind: 'refreshed'
      readonly grant: TokenGrant
      readonly idTokenIgnored?: true
      readonly date?: number | undefined
    }
  /** The new ID token names another user, issuer or client. The response must not be used. */
  | { readonly kind: 'subject_changed'; readonly grant: TokenGrant }
  | { readonly kind: 'rejected' }
  | {
      readonly kind: 'misconfigured' | 'not_processed' | 'ambiguous' | 'sign_in_required' | 'refused'
      readonly cause: RedactedCause
      /** The code of the error, if it does not follow from the kind. */
      readonly code?: ErrorCode
      readonly retryAfterSeconds?: number | undefined
      /** The server is overloaded (429, 503): other requests must wait too. */
      readonly isBusy?: boolean
    }

/** A refresh token to use, and the data with which the response is checked. */
export interface RefreshRequest {
  readonly refreshToken: string
  /** Which access token to request. */
  readonly parameters: TokenParameters
  /** The claims of the session. A new ID token must be for the same user (OIDC Core §12.2). */
  readonly user: UserClaims
  /** The latest ID token of the session. */
  readonly idToken?: string | undefined
  /** The refresh token is from an earlier sign-in of the same user. */
  readonly isContinued?: true | undefined
  /** The key that the tokens of the session are bound to. */
  readonly proofKey?: ProofKey | undefined
}

/** The result of a sign-in. */
export interface SignInGrant extends TokenGrant {
  /** The members of the token response that are not tokens, such as `instance_url`. */
  readonly tokenResponse: Readonly<Record<string, unknown>>
  /** Why the claims of UserInfo are missing, although it was requested. */
  readonly userInfoFailure?: RedactedCause | undefined
}

/** The values of a login that its callback needs. */
export interface LoginTransaction {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** Maximum time since the user authenticated, in seconds. The ID token must prove it. */
  readonly maxAge?: number | undefined
  /** Accepted values of `acr`, separated by spaces. The ID token must have one of them. */
  readonly acrValues?: string | undefined
  /** The types of the requested `authorization_details`. The server must have granted each of them. */
  readonly detailTypes?: readonly string[] | undefined
  /** The key that the tokens will be bound to. */
  readonly proofKey?: ProofKey | undefined
}

/**
 * One authorization server, used by one of its clients.
 *
 * All functions except `authorize`, `endSessionUrl` and `capabilities` send a request. These three send one only if the
 * metadata of the server is not known yet.
 */
export interface AuthorizationServer {
  readonly registration: Registration
  /** Binds the tokens to keys of the client. Absent if they are not bound. */
  readonly binding?: TokenBinding | undefined
  /**
   * Fetches the metadata and the client secret that are needed before a refresh token is sent.
   *
   * @param keepAlive - Keeps requests in the background alive.
   * @throws {TryLaterError | OperatorError} If they are not available now. No refresh token has been used.
   */
  ready(keepAlive?: KeepAlive): Promise<unknown>
  /** Resolves to whether the server responds to a request that has no effect. Never throws. */
  isResponding(): Promise<boolean>
  /**
   * Returns the URL at which a user signs in (RFC 6749 §4.1.1, with PKCE).
   *
   * @throws {TryLaterError | ConfigurationError} If the metadata is not available, or the server refuses a pushed request.
   * @throws {OperatorError} If a request cannot be signed or authenticated.
   */
  authorize(transaction: LoginTransaction, parameters: URLSearchParams): Promise<URL>
  /**
   * Returns the parameters of an authorization response that may be signed.
   *
   * @throws {RequestRefusedError} If it must be signed, and is not signed correctly.
   */
  readResponse(parameters: URLSearchParams): Promise<URLSearchParams>
  /**
   * Exchanges the code of an authorization response for tokens (RFC 6749 §4.1.3).
   *
   * @param unused - Receives the refresh token if the sign-in fails after the server has issued one.
   * @throws {RequestRefusedError} If the response does not match the transaction.
   */
  redeem(
    response: URLSearchParams,
    transaction: LoginTransaction,
    unused: (refreshToken: string) => void,
  ): Promise<SignInGrant>
  /**
   * Adds the claims of UserInfo to those of the ID token of a session (OIDC Core §5.3).
   *
   * @param claims - They name the user, with whom UserInfo is compared.
   * @throws {RequestRefusedError} If UserInfo is about another user.
   * @throws {ConfigurationError} If the function of the application fails.
   */
  addUserInfo(
    grant: Pick<TokenGrant, 'accessToken' | 'idToken' | 'proofKey'>,
    claims: UserClaims,
  ): Promise<Pick<SignInGrant, 'claims' | 'userInfoFailure'>>
  /**
   * Uses a refresh token (RFC 6749 §6).
   *
   * Never throws, and ends within about a minute: a late response may carry a new refresh token.
   */
  refresh(request: RefreshRequest): Promise<RefreshResult>
  /**
   * Whether a revoked refresh token ends all tokens of its grant, and the server refuses to revoke those again. RFC 7009 requires
   * success for a token that has ended.
   */
  readonly refusesEndedTokens?: boolean
  /** Revokes a token (RFC 7009) and never throws. Without a hint, the token is a refresh token. */
  revoke(token: string, hint?: 'refresh_token' | 'access_token'): Promise<RevocationOutcome>
  /** Resolves to `undefined` if the server does not support RP-initiated logout. */
  endSessionUrl(parameters: Readonly<Record<string, string | undefined>>): Promise<URL | undefined>
  /**
   * Checks a logout token (OIDC Back-Channel Logout §2.6). It does not check whether the token was used before.
   *
   * @throws {RequestRefusedError} If the token is invalid.
   * @throws {TryLaterError} If the token cannot be checked now.
   */
  verifyLogoutToken(token: string): Promise<LogoutToken>
  /** Returns the part of the metadata that describes the capabilities of the server. */
  capabilities(): Promise<Readonly<Record<string, unknown>>>
}

/** The part of an authorization server that keeps tokens current. It does not sign users in. */
export type TokenServer = Pick<
  AuthorizationServer,
  'registration' | 'binding' | 'ready' | 'isResponding' | 'refresh' | 'refusesEndedTokens' | 'revoke'
>

/** The part that starts and completes the sign-in of a user. */
export type SignInServer = Pick<AuthorizationServer, 'authorize' | 'readResponse' | 'redeem' | 'addUserInfo'>
