import type { Acquisition } from '../../ports/acquisition.ts'
import type { RefreshResult, TokenServer } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { TokenWanted } from '../../rules/refresh/decide.ts'
import type { UsedRefreshToken } from '../../rules/refresh/settle.ts'
import type { TokenCapacity, StoredToken } from '../../model/stored-tokens.ts'
import type { TimeReading } from '../../model/time-reading.ts'
import type { TokenParameters } from '../../model/token-parameters.ts'
import type { EventListener, SignInCode } from '../../vocabulary/index.ts'
import type { ClockReading, ServerClock } from '../protocol/server-clock.ts'

/** A token to send, or the reason why the user must sign in. `snapshot` is the record that the token is from. */
export type TokenResult<Snapshot extends LedgerSnapshot = LedgerSnapshot> =
  | {
      readonly kind: 'token'
      readonly token: StoredToken
      readonly snapshot: Snapshot
      /** The reading of the clocks with which the token was judged or stored, if this call has one. */
      readonly time?: TimeReading | undefined
    }
  | { readonly kind: 'sign_in'; readonly code: SignInCode; readonly isRevoked?: true | undefined }

/** The request of one caller for a token. */
export interface TokenCall<Snapshot extends LedgerSnapshot = LedgerSnapshot> extends TokenWanted {
  readonly request: TokenParameters
  /** Whether the token of the latest read must be replaced. A refresh in progress is joined. */
  readonly forceRefresh?: boolean | undefined
  /** Called before a refresh is started. Throws if no refresh must be started now. */
  readonly beforeRefresh?: (() => void) | undefined
  /** Receives each refresh that the caller starts or joins. The result might arrive after the caller has left. */
  readonly background?: ((work: Promise<TokenResult<Snapshot>>) => void) | undefined
  /** Keeps the refresh alive after its request is over, on runtimes that would otherwise end it. */
  readonly keepAlive: KeepAlive
  /** A reading of the clocks, if the caller has just made one. */
  readonly time?: ClockReading | undefined
}

/** The part of a token call that a refresh needs. */
export interface TokenDemand extends TokenWanted {
  readonly request: TokenParameters
  readonly lastUse: TokenCapacity['lastUse']
  readonly keepAlive: KeepAlive
}

/** The dependencies that the parts of a refresh share. */
export interface RefreshContext {
  readonly acquisition: Acquisition
  /** Revokes refresh tokens that no owner can keep. */
  readonly server: Pick<TokenServer, 'revoke'>
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly emit: EventListener
  /** Returns a number from 0 to 1, which varies pauses. */
  readonly random: () => number
  /** Whether no other process can see the store, so that only this process can have used a refresh token. */
  readonly isStorePrivate: boolean
}

/** A single request for a token. */
export interface RefreshAttempt extends UsedRefreshToken, TokenWanted {
  /** The flight that holds the lease. */
  readonly holder: string
  /** By the monotonic clock, in milliseconds. */
  readonly sentAt: number
  /** Whether this use of the refresh token, or an earlier one, may have succeeded without a response. */
  readonly inDoubt: boolean
  readonly lastUse: TokenCapacity['lastUse']
  /** `false` while another request with the same refresh token can still bring a newer response. */
  readonly isLast?: boolean
}

/** An attempt and its response. */
export interface CompletedAttempt {
  readonly kind: 'answered'
  readonly attempt: RefreshAttempt
  readonly answer: RefreshResult
}
