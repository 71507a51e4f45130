import type { KeepAlive } from './runtime.ts'
import type { UserClaims, TokenGrant } from '../model/session-record.ts'
import type { TokenRequest } from '../model/token-parameters.ts'
import type { RedactedCause, RevocationOutcome } from '../vocabulary/index.ts'

/** The result of a refresh at the token endpoint. */
export type RefreshAnswer =
  /** `grant.accessToken` is absent if the response has no usable one. `date` is the `Date` of the response. */
  | {
      readonly kind: 'refreshed'
      readonly grant: TokenGrant
      readonly idTokenIgnored?: true
      readonly date?: number | undefined
    }
  /** The new ID token names another user or issuer. The response must not be used. */
  | { readonly kind: 'subject_changed'; readonly grant: TokenGrant }
  | { readonly kind: 'rejected' }
  | {
      readonly kind: 'misconfigured' | 'not_processed' | 'ambiguous'
      readonly cause: RedactedCause
      readonly retryAfterSeconds?: number | undefined
      /** The server is overloaded (429, 503): other requests must wait too. */
      readonly isBusy?: boolean
    }

/** The functions of the authorization server that the refresher needs. */
export interface TokenEndpoint {
  /**
   * Fetches the metadata that is needed before a refresh token is sent.
   *
   * @param keepAlive - Keeps requests in the background alive.
   * @throws {TryLaterError} If it is not available now. No refresh token has been used.
   */
  ready(keepAlive?: KeepAlive): Promise<void>
  /**
   * Uses a refresh token. Never throws, and ends within about a minute: a late response may carry a new refresh token.
   *
   * @param claims - The claims of the session. A new ID token must be for the same user (OIDC Core §12.2).
   * @param idToken - The latest ID token of the session.
   */
  refresh(
    refreshToken: string,
    request: TokenRequest,
    claims: UserClaims,
    idToken?: string,
  ): Promise<RefreshAnswer>
  /** Resolves to whether the server responds to a request that has no effect. Never throws. */
  isResponding(): Promise<boolean>
  /** Revokes a token (RFC 7009) and never throws. Without a hint, the token is a refresh token. */
  revoke(token: string, hint?: 'refresh_token' | 'access_token'): Promise<RevocationOutcome>
}
