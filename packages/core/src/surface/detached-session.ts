import type { RequestSession } from '../mechanisms/sessions/request-session.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import type { SessionHandle } from '../ports/session-handle.ts'
import { ConfigurationError, type EventListener } from '../vocabulary/index.ts'

/** Creates a session without a browser. If the store fails, `end` rejects, because a cookie cannot be cleared. */
export function createDetachedSession(
  cell: SessionHandle,
  keepAlive: KeepAlive,
  emit: EventListener,
): RequestSession {
  return {
    cookieName: undefined,
    find: () => Promise.resolve(cell),
    observe() {},
    startedInBackground() {},
    start() {
      const message = 'A session cannot start here, because no browser can keep it. Use `session(request)`.'
      emit({ type: 'programming_error', code: 'no_current_session' })
      throw new ConfigurationError('no_current_session', message)
    },
    adopt: () => Promise.resolve(),
    async end(reason, revoke) {
      const ended = await cell.end(reason, revoke)
      return { key: cell.key, carried: undefined, isConfirmed: true, ended: Promise.resolve(ended) }
    },
    beforeRefresh() {},
    beforeChange() {},
    finishRequest: () => Promise.resolve(),
    takeCookies: () => [],
    keepAlive,
  }
}
