import type { Clock } from '../../ports/clock.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { withCurrentBrowser, touch } from '../../model/session-record.ts'
import { isTouchDue } from '../../rules/sessions/response-state.ts'
import type { BrowserCookieTracker } from './browser-cookie-tracker.ts'
import type { BackgroundCall } from './grant-check.ts'
import { ignoreStore } from './stored-session.ts'

/** Decides when the use of a session extends it. */
export interface TouchPolicy {
  /** Maximum inactivity, in seconds. */
  readonly idleTimeoutSeconds: number
  /**
   * Whether the grant of the session is known to be alive. If not, the function starts a refresh.
   *
   * If the refresh succeeds, it extends the session. By default, every grant is treated as alive.
   */
  readonly isGrantAlive?: (handle: SessionHandle, seen: Snapshot, call: BackgroundCall) => boolean
}

/**
 * Records the use of a session, or that the browser has its newest generation.
 *
 * @param seen - The session from the latest read. If another process has changed it since, nothing is recorded. The next
 * request then does it.
 * @returns The session if it was extended. `'refreshing'` if a refresh was started that extends it.
 */
export async function touchOrTidy(
  handle: SessionHandle,
  seen: Snapshot,
  { idleTimeoutSeconds, isGrantAlive = () => true }: TouchPolicy,
  tracker: BrowserCookieTracker | undefined,
  call: BackgroundCall,
  clock: Clock,
): Promise<Snapshot | 'refreshing' | undefined> {
  const { record } = seen
  if (isTouchDue(record, clock.now(), idleTimeoutSeconds)) {
    // After a sign-out, requests with a copied cookie must not keep the session alive.
    if (!isGrantAlive(handle, seen, call)) return 'refreshing'
    const touched = await handle.swap(seen, touch(record, clock.now())).catch(ignoreStore)
    return touched === 'again' ? undefined : touched
  }
  if (tracker?.browserIsCurrent(seen))
    call.keepAlive(handle.swap(seen, withCurrentBrowser(record)).catch(ignoreStore))
  return undefined
}
