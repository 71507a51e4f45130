import { isTopLevelNavigation, mayBeForged } from '../rules/same-site.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'
import { problemFor } from './problem.ts'

/** The 403 for a request that another site may have caused; `undefined` for any other. */
export function refuseForged({ method, headers }: Request, origin: string): Response | undefined {
  if (isTopLevelNavigation(method, headers) || !mayBeForged(headers, origin)) return undefined
  return forged()
}

export function forged(): Response {
  const message =
    'Cannot tell that a page of this application sent the request: send it from one, or add "X-Evertoken: 1"'
  return problemFor(new RequestRefusedError('cross_site_request_refused', message))
}
