import { withError } from '../rules/return-to.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { escaped, page, UNFRAMED } from './answer.ts'
import { isNavigation } from './is-navigation.ts'
import { problemFor } from './problem.ts'
import { redirect } from './redirect.ts'
import { reported } from './reported.ts'

export interface SignInFailureOptions {
  readonly origin: string
  /** The path of the application, with a slash at the end. */
  readonly home: string
  /** Of this application; it gets the code as `error`. Absent: a plain page for browsers, problem+json for others. */
  readonly signInErrorPath: string | undefined
  /** Of the login route, where to try again. */
  readonly routePrefix: string
  readonly emit: EventListener
}

/**
 * Answers for a sign-in that has failed, and tells it by an event. What is no error of ours is thrown again.
 *
 * @param silentReturnTo - Where a silent login goes back to: no page, and never once more.
 */
export function signInFailure(
  request: Request,
  error: unknown,
  { origin, home, signInErrorPath, routePrefix, emit }: SignInFailureOptions,
  silentReturnTo?: string | false,
): Response {
  const { code, message } = reported('sign_in_failed', error, emit)
  const to = silentReturnTo || signInErrorPath
  if (to) return redirect(withError(to, code, origin, home))
  const problem = problemFor(error)
  if (!isNavigation(request)) return problem
  // No word of what the request said.
  const body =
    `<h1>Sign-in failed</h1><p>${escaped(message.replace(/\.?$/, '.'))}</p><p><a href="${escaped(routePrefix)}/login">Sign in again</a></p>` +
    `<p><small>${escaped(code)}</small></p>`
  return page(problem, 'Sign-in failed', UNFRAMED, body)
}
