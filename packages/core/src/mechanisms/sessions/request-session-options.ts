import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import type { CookieWriterOptions } from './cookie-writer.ts'
import type { TokenCall } from '../refresh/attempt.ts'
import type { SessionStrategy } from './session-strategy.ts'
import { ConfigurationError, OperatorError } from '../../vocabulary/index.ts'

export interface RequestSessionOptions extends CookieWriterOptions {
  readonly kind: SessionStrategy
  readonly idleTimeoutSeconds: number
  readonly keepAlive: KeepAlive
  /**
   * Whether the response waits for background refreshes, so that the cookie carries their result. Default: false.
   *
   * Required if a restart of this process loses the store. Otherwise the cookie would keep a spent refresh token.
   */
  readonly waitForBackground?: boolean
  /**
   * Whether the grant of the session is known to be alive. If not, the function starts a refresh.
   *
   * If the refresh succeeds, it extends the session. By default, every grant is treated as alive.
   */
  readonly isGrantAlive?: (cell: SessionHandle, seen: Snapshot, call: BackgroundCall) => boolean
}

/** The parts of a request that a refresh needs. */
export type BackgroundCall = Pick<TokenCall<Snapshot>, 'beforeRefresh' | 'background' | 'keepAlive'>

/** Only cookie sessions need the browser for a change, so server sessions never show this text. */
export const USE_SERVER_SESSION: string = " Or set `session: 'server'`."

export function headersAlreadySent(what: string, remedy = ''): ConfigurationError {
  const message = `Cannot ${what} after the response headers are sent. Do it before you return the response.${remedy}`
  return new ConfigurationError('headers_already_sent', message)
}

/** Ignores store failures, which an event has reported, because cookies need no store. Rethrows other errors. */
export function ignoreStore(error: unknown): undefined {
  if (!(error instanceof OperatorError)) throw error
}
