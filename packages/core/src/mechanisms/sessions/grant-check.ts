import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { hasValidToken } from '../../rules/refresh/freshness.ts'
import { EvertokenError } from '../../vocabulary/index.ts'
import type { SessionRefresher } from '../refresh/refreshers.ts'
import type { TokenCall } from '../refresh/attempt.ts'
import type { ServerClock } from '../protocol/server-clock.ts'

/** The parts of a request that a refresh needs. */
export type BackgroundCall = Pick<TokenCall<Snapshot>, 'beforeRefresh' | 'background' | 'keepAlive'>

/**
 * Checks whether the grant of a session is alive. A valid access token proves it. Without one, a refresh must succeed.
 *
 * Without this check, requests keep a session alive after its grant was revoked. They also keep a copied cookie alive
 * after a sign-out that the store has forgotten.
 */
export interface GrantCheck {
  /** Whether the grant is known to be alive. If not, the check starts a refresh in the background. */
  isAlive(handle: SessionHandle, seen: Snapshot, call: BackgroundCall): boolean
  /**
   * Refreshes if the grant is not known to be alive. If the refresh fails, the session is returned unchanged.
   *
   * @returns `undefined` if the session has ended.
   */
  current(handle: SessionHandle, seen: Snapshot, call: BackgroundCall): Promise<Snapshot | undefined>
}

export function createGrantCheck(refresher: SessionRefresher, serverClock: ServerClock): GrantCheck {
  const isKnown = ({ record }: Snapshot) => hasValidToken(record.ledger.tokens, serverClock.read())

  async function refresh(
    handle: SessionHandle,
    seen: Snapshot,
    call: BackgroundCall,
  ): Promise<Snapshot | undefined> {
    // Without a refresh token, Evertoken cannot ask the authorization server.
    if (seen.record.ledger.refreshToken === undefined) return seen
    try {
      const work = Promise.resolve(refresher.token(handle, seen, { ...call, key: '', request: {} }))
      call.background?.(work)
      const result = await work
      return result.kind === 'token' ? result.snapshot : await handle.read()
    } catch (error) {
      // A failure does not end the session. An event has already reported it.
      if (error instanceof EvertokenError) return seen
      throw error
    }
  }

  return {
    isAlive(handle, seen, call) {
      if (isKnown(seen)) return true
      call.keepAlive(refresh(handle, seen, call).catch(() => undefined))
      return false
    },
    current: async (handle, seen, call) => (isKnown(seen) ? seen : refresh(handle, seen, call)),
  }
}
