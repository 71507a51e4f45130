import { safeReturnTo, withError } from '../rules/return-to.ts'
import { type EventListener, EvertokenError, type RedactedCause } from '../vocabulary/index.ts'
import { problemFor } from './problem.ts'
import { redirect } from './redirect.ts'

export interface SignInFailureOptions {
  readonly origin: string
  /** Of this application; it gets the code as `error`. Absent: a plain page for browsers, problem+json for others. */
  readonly signInErrorPath: string | undefined
  /** Where to try again. */
  readonly loginPath: string
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
  options: SignInFailureOptions,
  silentReturnTo?: string,
): Response {
  if (!(error instanceof EvertokenError)) throw error
  const { origin, signInErrorPath, emit } = options
  const cause = error.cause as RedactedCause | undefined
  emit({ type: 'sign_in_failed', code: error.code, ...(cause && { cause }) })
  const to = silentReturnTo ?? signInErrorPath
  if (to !== undefined) return redirect(withError(safeReturnTo(to, origin), error.code, origin))
  const problem = problemFor(error)
  return isNavigation(request) ? page(error, problem, options.loginPath) : problem
}

/** Whether somebody will look at the answer. */
function isNavigation({ headers }: Request): boolean {
  const mode = headers.get('sec-fetch-mode')
  return mode === null ? (headers.get('accept') ?? '').includes('text/html') : mode === 'navigate'
}

/** No style, no script, no word of what the request said; its address, which holds a code, goes to nobody. */
function page({ code, message }: EvertokenError, { status, headers }: Response, loginPath: string): Response {
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-content-type-options', 'nosniff')
  const html =
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>Sign-in failed</title><h1>Sign-in failed</h1><p>${escaped(message)}.</p>` +
    `<p><a href="${escaped(loginPath)}">Sign in again</a></p><p><small>${escaped(code)}</small></p></html>`
  return new Response(html, { status, headers })
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
