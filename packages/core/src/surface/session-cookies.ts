import { checkSendable } from '../handlers/calls/relay.ts'
import { keepAliveUntilDone } from '../mechanisms/runtime/background-work.ts'
import type { RequestSession } from '../mechanisms/sessions/request-session.ts'
import { noteIssued, withoutForgedCookies } from '../mechanisms/calls/issued-cookies.ts'
import { isImmovable, withHeaders, withMutableHeaders } from '../mechanisms/calls/with-headers.ts'
import { withoutApiHeaders } from '../rules/calls/api-response.ts'
import { CDN_ORDERS, omitHeaders, setCookiesOf } from '../rules/calls/headers.ts'
import { isRedirect } from '../rules/calls/redirect.ts'
import type { BoundSession } from './bound-session.ts'

/** Takes the cookies of a session to a response. A request inside `handle` does not need this. */
export interface SessionCookies {
  /**
   * Returns the same response with the cookies of the session. It is then not cacheable.
   *
   * @param response - The response of the application. Its body is not copied.
   * @throws {ConfigurationError} `response_not_sendable`, if it is not a response, or its body is used.
   * @example
   *   const session = auth.session(request)
   *   await session.startSession(tokenResponse)
   *   const response = await session.commit(Response.redirect(home))
   */
  commit(response: Response): Promise<Response>
  /**
   * Resolves to the `Set-Cookie` lines of the session, for frameworks that have no `Response`. Call it last, because
   * nothing that changes the session later can reach the browser.
   *
   * @returns The lines. Usually empty.
   * @example
   *   const session = auth.session(request)
   *   for (const line of await session.takeSetCookies()) reply.header('set-cookie', line)
   */
  takeSetCookies(): Promise<string[]>
}

export function createSessionCookies(bound: BoundSession): SessionCookies {
  const { session } = bound
  return {
    commit: (response) => keepAliveUntilDone(withCookies(bound, response), session.keepAlive),
    takeSetCookies: () => keepAliveUntilDone(takeSetCookies(session), session.keepAlive),
  }
}

async function takeSetCookies(session: RequestSession): Promise<string[]> {
  await session.finishRequest()
  const cookies = session.takeCookies()
  const headers = new Headers(cookies.map((line): [string, string] => ['set-cookie', line]))
  if (session.cookieName !== undefined) noteIssued(headers, session.cookieName)
  return cookies
}

/**
 * Adds the cookies of the session, and removes headers that an API must not set.
 *
 * @throws {ConfigurationError} If it is not a response that can be sent.
 */
export async function withCookies(bound: BoundSession, response: Response): Promise<Response> {
  checkSendable(response)
  return withOwnCookies(bound, response, safeHeaders(bound, response))
}

/** Adds the cookies to a response of Evertoken or of the application. S25: a response with `Set-Cookie` is not cached. */
export async function withOwnCookies(
  { session }: BoundSession,
  response: Response,
  given: Headers = response.headers,
): Promise<Response> {
  await session.finishRequest()
  // The next response brings the cookies.
  if (isImmovable(response)) return response
  let headers = given
  const cookies = session.takeCookies()
  if (cookies.length > 0) {
    headers = omitHeaders(headers, CDN_ORDERS)
    headers.set('cache-control', 'no-store')
    // The application might have called `commit` of this session already.
    const present = setCookiesOf(headers)
    for (const cookie of cookies) if (!present.includes(cookie)) headers.append('set-cookie', cookie)
  }
  if (session.cookieName !== undefined) noteIssued(headers, session.cookieName)
  return headers === response.headers ? withMutableHeaders(response) : withHeaders(response, headers)
}

/** S33: The API of a token fetch sets no headers that only the application may set, and nothing sets our cookies. */
function safeHeaders({ session, fetched }: BoundSession, response: Response): Headers {
  const { headers, status } = response
  const api = fetched.headersBehind(response)
  const own = api ? withoutApiHeaders(headers, api, isRedirect(status)) : headers
  return session.cookieName === undefined ? own : withoutForgedCookies(own, session.cookieName)
}
