import { refuseCrossSite } from '../handlers/problem.ts'
import { isSameOriginRequest } from '../rules/browser/same-site.ts'
import type { BoundSession } from './bound-session.ts'

/** Protects the routes of the application against forgery. */
export interface AntiForgery {
  /** Whether a page of this application sent a request, or a program that sends `X-Evertoken: 1`. */
  isSameOrigin(request: Request): boolean
  /**
   * Returns a 403 (`problem+json`, `cross_site_request_refused`) for a request with cookies that another site may have
   * caused. Returns `undefined` for a safe request: without cookies, from a page of this application, or from a link
   * to this application.
   */
  refuseCrossSite(request: Request): Response | undefined
}

export function createAntiForgery(bound: () => BoundSession): AntiForgery {
  const originOf = (request: Request) => bound().origin ?? new URL(request.url).origin
  return {
    isSameOrigin: (request) => isSameOriginRequest(request.headers, originOf(request)),
    refuseCrossSite: (request) => refuseCrossSite(request, originOf(request)),
  }
}
