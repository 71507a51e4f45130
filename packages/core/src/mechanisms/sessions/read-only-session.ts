import { ConfigurationError } from '../../vocabulary/index.ts'
import type { RequestSession } from './request-session.ts'

/**
 * Returns the session of a request whose response cannot set cookies, such as the rendering of a server component.
 *
 * @param isInCookie - Whether the cookie carries the session. A refresh would then spend the refresh token in the
 * cookie, and the browser would keep the spent token.
 */
export function asReadOnly(session: RequestSession, isInCookie: boolean): RequestSession {
  return {
    ...session,
    start: () => Promise.reject(readOnly('start a session')),
    end: () => Promise.reject(readOnly('end the session')),
    ...(isInCookie && {
      beforeRefresh() {
        throw readOnly('refresh the access token')
      },
      beforeChange() {
        throw readOnly('change the session')
      },
    }),
  }
}

export function readOnly(what: string): ConfigurationError {
  const message = `Cannot ${what} where no cookie can be set. Use a route handler, an action or the proxy, or set \`session: 'server'\`.`
  return new ConfigurationError('session_read_only', message)
}
