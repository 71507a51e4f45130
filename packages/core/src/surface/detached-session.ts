import type { RequestSession } from '../mechanisms/request-session.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { ConfigurationError } from '../vocabulary/index.ts'

/** A session without a browser to answer to. */
export function createDetachedSession(cell: SessionCell, keepAlive: KeepAlive): RequestSession {
  return {
    find: () => Promise.resolve(cell),
    note() {},
    startedInBackground() {},
    start() {
      const message = 'Cannot start a session here: there is no browser to keep it, use "session(request)"'
      throw new ConfigurationError('no_current_session', message)
    },
    end: (reason) => cell.end(reason),
    beforeRefresh() {},
    settle: () => Promise.resolve(),
    takeCookies: () => [],
    keepAlive,
  }
}
