import type { RefreshAnswer, TokenEndpoint } from '../ports/authorization-server.ts'
import type { Clock } from '../ports/clock.ts'
import type { Snapshot } from '../ports/session-cell.ts'
import type { RefreshPolicy, Want } from '../rules/decide.ts'
import type { StoredToken } from '../rules/session-record.ts'
import type { Consumed } from '../rules/settle.ts'
import type { ErrorCode, EventListener } from '../vocabulary/index.ts'

/** A token to send, or why somebody has to sign in. `snapshot` is the session it came from. */
export type TokenResult =
  | { readonly token: StoredToken; readonly snapshot: Snapshot }
  | { readonly signIn: ErrorCode }

export interface OutcomeOptions {
  readonly server: TokenEndpoint
  readonly clock: Clock
  readonly policy: RefreshPolicy
  readonly emit: EventListener
}

/** A refresh token that was sent, and the answer to it. */
export interface Sent extends Consumed, Want {
  readonly answer: RefreshAnswer
  /** From the monotonic clock, in milliseconds. */
  readonly sentAt: number
  /** This use of the refresh token, or one before, may have gone through, its answer lost. */
  readonly inDoubt: boolean
}
