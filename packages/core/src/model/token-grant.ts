import type { RedactedCause } from '../vocabulary/index.ts'
import type { GrantExpiry } from './grant-expiry.ts'
import type { ProofKey } from './proof-key.ts'
import type { StoredToken } from './stored-tokens.ts'

/**
 * Claims about the user, from the ID token.
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims OpenID Connect Core, section 5.1}
 */
export interface UserClaims {
  /** The subject identifier, which names the user at the authorization server. Unique only together with the issuer. */
  readonly sub?: string
  /** The session of the user at the authorization server. */
  readonly sid?: string
  readonly [claim: string]: unknown
}

/** The usable parts of a token response. */
export interface TokenGrant {
  /** Absent if the response had no usable access token. All other usable parts are kept. */
  readonly accessToken?: Omit<StoredToken, 'attempt'> | undefined
  /** Why the response had no usable access token. */
  readonly unusable?: RedactedCause
  /** The `token_type` of an access token that cannot be used because of it, for a message. */
  readonly unknownType?: string | undefined
  readonly refreshToken?: string | undefined
  /** The key that the tokens of a new grant are bound to. */
  readonly proofKey?: ProofKey | undefined
  readonly scope?: string | undefined
  /** When the grant ends, if the response reports it. */
  readonly grantExpiry?: GrantExpiry | undefined
  /** When the session at the server ends, in seconds since the epoch, if a verified ID token reports it. */
  readonly sessionExpiry?: number | undefined
  /** The unmodified ID token. `claims` is present if it was validated. */
  readonly idToken?: string | undefined
  readonly claims?: UserClaims | undefined
  /** Whether the application has decided about `claims`. */
  readonly claimsDecided?: true | undefined
}
