import { refuseForged } from '../handlers/anti-forgery.ts'
import { isSameOriginRequest } from '../rules/same-site.ts'
import type { BoundSession } from './bound-session.ts'

/** The defence against forgery for the application's own routes. */
export interface AntiForgery {
  /** Whether a page of this application sent a request, or somebody who is no page: `X-Evertoken: 1` says so. */
  isSameOrigin(request: Request): boolean
  /**
   * The 403 (`problem+json`, `cross_site_request_refused`) for a request with cookies that another site may have
   * caused. `undefined` when there is nothing to fear: no cookies, sent by a page of this application, or a link
   * that leads here.
   */
  refuseForged(request: Request): Response | undefined
}

export function createAntiForgery(bound: () => BoundSession): AntiForgery {
  const originOf = (request: Request) => bound().origin ?? new URL(request.url).origin
  return {
    isSameOrigin: (request) => isSameOriginRequest(request.headers, originOf(request)),
    refuseForged: (request) => refuseForged(request, originOf(request)),
  }
}
