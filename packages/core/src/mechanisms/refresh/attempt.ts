import type { RefreshAnswer, TokenEndpoint } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionCell, Snapshot } from '../../ports/session-cell.ts'
import type { RefreshPolicy, TokenWanted } from '../../rules/decide.ts'
import type { SessionRecord, UserClaims } from '../../rules/session-record.ts'
import type { UsedRefreshToken } from '../../rules/settle.ts'
import type { TokenCapacity } from '../../rules/stored-tokens.ts'
import type { StoredToken } from '../../rules/stored-token.ts'
import type { TokenRequest } from '../../rules/token-key.ts'
import type { ErrorCode, EventListener } from '../../vocabulary/index.ts'
import type { ServerClock } from '../server-clock.ts'

/** A token to send, or the reason why the user must sign in. `snapshot` is the session that the token came from. */
export type TokenResult =
  | { readonly token: StoredToken; readonly snapshot: Snapshot }
  | { readonly signIn: ErrorCode }

/** What one caller wants. */
export interface TokenCall extends TokenWanted {
  readonly request: TokenRequest
  /** Called before a refresh is started. Throws if no refresh must be started now. */
  readonly beforeRefresh?: (() => void) | undefined
  /** Gets each refresh that the caller has started or joined, for its result may come after the caller has left. */
  readonly background?: ((work: Promise<TokenResult>) => void) | undefined
  /** Keeps the refresh alive when the request that started it is over, where the runtime would end it. */
  readonly keepAlive: KeepAlive
}

/** The same, with what the session can hold. */
export interface TokenDemand extends TokenCall {
  readonly capacity: TokenCapacity
}

/** A response whose tokens are stored. */
export interface StoredRefresh {
  readonly cell: SessionCell
  /** The session before and after the response. */
  readonly before: SessionRecord
  readonly after: SessionRecord
  /** The claims of the ID token in the response. A cookie session may have no room for that token. */
  readonly claims: UserClaims | undefined
  readonly keepAlive: KeepAlive
}

/** What every part of a refresh needs. */
export interface RefreshContext {
  readonly server: TokenEndpoint
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly policy: RefreshPolicy
  readonly emit: EventListener
  /** From 0 to 1, for pauses. */
  readonly random: () => number
  /** Whether no other process can see the store, so that only this one can have used a refresh token. */
  readonly isStorePrivate: boolean
  /** Whether `refreshed` decides about the claims of a refreshed ID token. Until then, the session keeps those that it has. */
  readonly keepClaims?: boolean | undefined
  /** Gets each refresh when its tokens are stored. Nothing waits for it. Never rejects. */
  readonly refreshed?: ((refresh: StoredRefresh) => Promise<unknown>) | undefined
}

/** One use of a refresh token. */
export interface RefreshAttempt extends UsedRefreshToken, TokenWanted {
  /** The flight that holds the lease. */
  readonly holder: string
  /** By the monotonic clock, in milliseconds. */
  readonly sentAt: number
  /** This use of the refresh token, or one before it, may have succeeded without a response. */
  readonly inDoubt: boolean
  /** Which access tokens the session can keep. */
  readonly capacity: TokenCapacity
  /** `false` while another request with the same refresh token can still bring a newer response. */
  readonly isLast?: boolean
}

/** An attempt, and the response to it. */
export interface AnsweredAttempt {
  readonly attempt: RefreshAttempt
  readonly answer: RefreshAnswer
}
