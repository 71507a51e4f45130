import type { BrokenReason, EndReason } from '../vocabulary/index.ts'
import type { BackOff } from './back-off.ts'
import type { GrantExpiry } from './grant-expiry.ts'
import type { ProofKey } from './proof-key.ts'
import type { StoredTokens } from './stored-tokens.ts'
import type { UserClaims } from './token-grant.ts'

/**
 * The lease of the process that refreshes now. Its holder must show activity, because the others watch `attempt` and
 * `beat`.
 */
export interface RefreshLease {
  readonly attempt: number
  /** A random name of the flight with the lease. */
  readonly holder: string
  /** Grows while the holder waits for a response. */
  readonly beat: number
}

/** The origin of a refresh token. If two requests used the same one, this decides which response is newer. */
export interface RefreshTokenOrigin {
  /** A hash of the refresh token that was used to get it. */
  readonly from: string
  readonly attempt: number
  /** The `Date` of the response, in seconds since the epoch. */
  readonly date?: number | undefined
  /** The request left more than 2 seconds after its lease was taken. */
  readonly late?: true | undefined
}

/**
 * An earlier use of the refresh token may have succeeded, but its response was lost. `refused`: since then, the server
 * has refused the token, so that only a late response can bring a valid one.
 */
export type Doubt = 'unknown' | 'refused'

/**
 * The tokens that one owner gets from one authorization server, and the state of the refresh that keeps them current.
 *
 * The owner is a session, or the application itself. Without a refresh token, each access token comes from a request
 * that uses up nothing.
 */
export interface TokenLedger {
  readonly refreshToken?: string | undefined
  readonly origin?: RefreshTokenOrigin | undefined
  /** The scope that was granted to the refresh token. An access token may have less. */
  readonly scope?: string | undefined
  /** When the grant of the refresh token ends, if the server has reported it. The owner ends then. */
  readonly grantExpiry?: GrantExpiry | undefined
  readonly tokens: StoredTokens
  /** The key that the tokens of the grant are bound to. Without it, they are not bound. It never changes. */
  readonly proofKey?: ProofKey | undefined
  /** The number of the latest refresh attempt. */
  readonly attempt: number
  readonly lease?: RefreshLease | undefined
  readonly backOff?: BackOff | undefined
  /** Back-offs of single token keys, after the server refused the parameters of the request. The newest is last. */
  readonly parameterBackOffs?: Readonly<Record<string, BackOff>> | undefined
  readonly doubt?: Doubt | undefined
  /** The refresh token of the older of two responses. It is tried once if the server refuses the stored one. */
  readonly spare?: string | undefined
  /** A refresh token that is no longer used, and whose revocation the authorization server has not confirmed. */
  readonly revoking?: string | undefined
  /** Whether the application has revoked the refresh token. */
  readonly isRevoked?: true | undefined
  /**
   * Attempts up to this number used the grant of another account, which the owner has removed. Their refresh tokens are revoked.
   */
  readonly removedThrough?: number | undefined
}

export const EMPTY_LEDGER: TokenLedger = { tokens: {}, attempt: 0 }

/** Why a grant is of no use until its owner gives another one. */
export interface BrokenGrant {
  readonly reason: BrokenReason
  /** Seconds since the epoch, by the wall clock of the process that has found it. */
  readonly since: number
  /** The server has not refused the refresh token itself, so it is tried again after the back-off. */
  readonly isTemporary?: true | undefined
}

/** A stored record with a ledger. The rules of a refresh read nothing else of an owner. */
export interface LedgerRecord {
  /** The key of the record in the store. It gives no access to the tokens. */
  readonly id: string
  /** Seconds since the epoch. The owner is over then, even if it is in use. */
  readonly expiresAt: number
  /** Why the owner is over. Such a record stays for a while, so that late responses find it. */
  readonly ended?: EndReason | 'disconnected'
  /**
   * The grant is broken, and the owner is kept. The refresh token stays, so that a late response to its use still belongs
   * to the record.
   */
  readonly broken?: BrokenGrant | undefined
  /** The user that the tokens are for. An ID token in a response must be for the same user. */
  readonly claims?: UserClaims
  /** The latest ID token of the user. */
  readonly idToken?: string | undefined
  /** The refresh token is from an earlier sign-in of the same user. */
  readonly isContinued?: true | undefined
  readonly ledger: TokenLedger
}

/** The number of the latest refresh whose tokens are stored. */
export function latestRefresh({ tokens }: TokenLedger): number {
  return Math.max(0, ...Object.values(tokens).map(({ attempt }) => attempt))
}

/** Whether a decrypted value has the shape of a ledger. */
export function isTokenLedger(value: unknown): value is TokenLedger {
  const { tokens, attempt } = Object(value) as TokenLedger
  return Number.isFinite(attempt) && typeof tokens === 'object' && tokens !== null
}
