import type { KeepAlive } from '../ports/runtime.ts'
import type { SessionCell, Snapshot } from '../ports/session-cell.ts'
import type { CookieWriterOptions } from './cookie-writer.ts'
import type { TokenCall } from './refresh/attempt.ts'
import type { SessionKind } from './session-kind.ts'

export interface RequestSessionOptions extends CookieWriterOptions {
  readonly kind: SessionKind
  readonly idleSeconds: number
  readonly keepAlive: KeepAlive
  /**
   * Whether the response waits for refreshes in the background, so that the cookie carries their result. Default: false.
   * Required if a restart of this process loses the store: the cookie would keep a refresh token that is spent.
   */
  readonly waitForBackground?: boolean
  /**
   * Whether the grant of the session is known to be alive. If not, it starts a refresh. The refresh extends the session if it
   * succeeds. Default: the grant is alive.
   */
  readonly isGrantAlive?: (cell: SessionCell, seen: Snapshot, call: BackgroundCall) => boolean
}

/** What a refresh needs to know about the request that starts it. */
export type BackgroundCall = Pick<TokenCall, 'beforeRefresh' | 'background' | 'keepAlive'>
