import { isTopLevelNavigation, mayBeForged } from '../rules/same-site.ts'
import { problem } from './problem.ts'

/** Returns a 403 response for a request that another site may have caused, and `undefined` for any other request. */
export function refuseForged({ method, headers }: Request, origin: string): Response | undefined {
  return !isTopLevelNavigation(method, headers) && mayBeForged(headers, origin) ? forged() : undefined
}

export function forged(): Response {
  const message = 'Cannot trust the request: send it from a page of this application, or add "X-Evertoken: 1"'
  return problem(403, { code: 'cross_site_request_refused', message })
}
