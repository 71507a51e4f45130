import type { UserClaims } from '../rules/session-record.ts'
import type { TokenRequest } from '../rules/token-key.ts'
import type { TokenGrant } from '../rules/session-record.ts'
import type { RedactedCause, RevocationOutcome } from '../vocabulary/index.ts'

/** What the token endpoint made of a refresh token. */
export type RefreshAnswer =
  /** `grant.accessToken` is absent when the answer had none that can be used. */
  | { readonly kind: 'refreshed'; readonly grant: TokenGrant; readonly idTokenIgnored?: true }
  /** The new ID token speaks of another user. */
  | { readonly kind: 'subject_changed'; readonly grant: TokenGrant }
  | { readonly kind: 'rejected' }
  | {
      readonly kind: 'misconfigured' | 'not_processed' | 'ambiguous'
      readonly cause: RedactedCause
      readonly retryAfterSeconds?: number | undefined
    }

/** What the refresher needs of the authorization server. */
export interface TokenEndpoint {
  /**
   * Everything that has to be known before a refresh token is sent.
   *
   * @throws TryLaterError when it cannot be had now; no refresh token has been used.
   */
  ready(): Promise<void>
  /** Never throws. `user` is whom the session belongs to: a new ID token must speak of the same (OIDC Core §12.2). */
  refresh(refreshToken: string, request: TokenRequest, user: UserClaims): Promise<RefreshAnswer>
  /** Never throws (RFC 7009). Without a hint the token is a refresh token. */
  revoke(token: string, hint?: 'refresh_token' | 'access_token'): Promise<RevocationOutcome>
}
