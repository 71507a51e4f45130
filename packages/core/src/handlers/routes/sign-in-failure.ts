import { withError } from '../../rules/sign-in/return-to.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { escapeHtml, page, UNFRAMED, isNavigation, redirect } from '../responses.ts'
import { problemFor, reportError } from '../problem.ts'
import type { BrowserPaths } from './route-context.ts'

export interface SignInFailureOptions {
  readonly paths: BrowserPaths
  readonly emit: EventListener
}

/**
 * Creates the response for a failed sign-in, and emits an event. Throws all errors that are not an `EvertokenError`.
 *
 * @param silentReturnTo - The destination of a silent login. It gets the error, without a page and without a retry.
 */
export function signInFailure(
  request: Request,
  error: unknown,
  origin: string,
  { paths, emit }: SignInFailureOptions,
  silentReturnTo?: string | false,
): Response {
  const { home, routePrefix, pathSuffix, signInErrorPath } = paths
  const { code, message } = reportError('sign_in_failed', error, emit)
  const to = silentReturnTo || signInErrorPath
  if (to) return redirect(withError(to, code, origin, home))
  const problem = problemFor(error)
  if (!isNavigation(request)) return problem
  // The page quotes nothing from the request.
  const body =
    `<h1>Sign-in failed</h1><p>${escapeHtml(message.replace(/\.?$/, '.'))}</p><p><a href="${escapeHtml(`${routePrefix}/login${pathSuffix}`)}">Sign in again</a></p>` +
    `<p><small>${escapeHtml(code)}</small></p>`
  return page(problem, 'Sign-in failed', UNFRAMED, body)
}
