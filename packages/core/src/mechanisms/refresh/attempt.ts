import type { RefreshAnswer, TokenEndpoint } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import type { RefreshPolicy, TokenWanted } from '../../rules/refresh/decide.ts'
import type { SessionRecord, UserClaims } from '../../model/session-record.ts'
import type { UsedRefreshToken } from '../../rules/refresh/settle.ts'
import type { TokenCapacity, StoredToken } from '../../model/stored-tokens.ts'
import type { TokenRequest } from '../../model/token-parameters.ts'
import type { ErrorCode, EventListener } from '../../vocabulary/index.ts'
import type { ServerClock } from '../protocol/server-clock.ts'

/** A token to send, or the reason why the user must sign in. `snapshot` is the session that the token is from. */
export type TokenResult =
  | { readonly token: StoredToken; readonly snapshot: Snapshot }
  | { readonly signIn: ErrorCode }

/** The request of one caller for a token. */
export interface TokenCall extends TokenWanted {
  readonly request: TokenRequest
  /** Called before a refresh is started. Throws if no refresh must be started now. */
  readonly beforeRefresh?: (() => void) | undefined
  /** Receives each refresh that the caller starts or joins. The result might arrive after the caller has left. */
  readonly background?: ((work: Promise<TokenResult>) => void) | undefined
  /** Keeps the refresh alive after its request is over, on runtimes that would otherwise end it. */
  readonly keepAlive: KeepAlive
}

/** A token call, with the capacity of the session. */
export interface TokenDemand extends TokenCall {
  readonly capacity: TokenCapacity
}

/** A refresh whose tokens were stored. */
export interface StoredRefresh {
  readonly cell: SessionHandle
  /** The session before and after the response. */
  readonly before: SessionRecord
  readonly after: SessionRecord
  /** The claims of the ID token in the response. A cookie session might not have enough space for the token. */
  readonly claims: UserClaims | undefined
  readonly keepAlive: KeepAlive
}

/** The dependencies that all parts of a refresh share. */
export interface RefreshContext {
  readonly server: TokenEndpoint
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly policy: RefreshPolicy
  readonly emit: EventListener
  /** Returns a number from 0 to 1, which varies pauses. */
  readonly random: () => number
  /** Whether no other process can see the store, so that only this process can have used a refresh token. */
  readonly isStorePrivate: boolean
  /** Whether `refreshed` decides about the claims of a new ID token. Until then, the session keeps its claims. */
  readonly keepClaims?: boolean | undefined
  /** Receives each refresh after its tokens were stored. No caller waits for it. Never rejects. */
  readonly refreshed?: ((refresh: StoredRefresh) => Promise<unknown>) | undefined
}

/** A single use of a refresh token. */
export interface RefreshAttempt extends UsedRefreshToken, TokenWanted {
  /** The flight that holds the lease. */
  readonly holder: string
  /** By the monotonic clock, in milliseconds. */
  readonly sentAt: number
  /** Whether this use of the refresh token, or an earlier one, may have succeeded without a response. */
  readonly inDoubt: boolean
  /** Limits the access tokens that the session can keep. */
  readonly capacity: TokenCapacity
  /** `false` while another request with the same refresh token can still bring a newer response. */
  readonly isLast?: boolean
}

/** An attempt and its response. */
export interface AnsweredAttempt {
  readonly attempt: RefreshAttempt
  readonly answer: RefreshAnswer
}
