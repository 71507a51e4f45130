/**
 * For the pages of an application: calls that no other site can forge, and notice when the session ends. Nothing here
 * knows a token.
 *
 * @module
 */
/// <reference lib="dom" />

/**
 * Makes a `fetch` for this origin that the application knows as its own, in browsers too old to say so by themselves.
 * Calls to other origins, and redirects to them, fail with a `TypeError`.
 */
export function createBrowserFetch(): typeof fetch {
  return (input, init) => {
    const request = new Request(input, { ...init, mode: 'same-origin' })
    request.headers.set('x-evertoken', '1')
    return fetch(request)
  }
}

/**
 * Returns whether the user must sign in, so that the page can open the login route. A 401 response for another reason
 * returns `false`, because a sign-in would not help. Does not use the body of the response.
 */
export async function isSignInRequired(response: Response): Promise<boolean> {
  const type = response.headers.get('content-type') ?? ''
  if (response.status !== 401 || !type.startsWith('application/problem+json')) return false
  const problem: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  return (Object(problem) as { readonly action?: unknown }).action === 'sign_in'
}

export interface WatchOptions {
  /** Called once, when nobody is signed in any more. */
  readonly onEnd: () => void
  /** Default `/auth/user`. */
  readonly userUrl?: string
  /** Default 60. */
  readonly intervalSeconds?: number
}

/**
 * Asks the user endpoint again and again, at once when a hidden page is shown again, never while it is hidden. Asking
 * does not keep the session alive; that the server cannot be asked does not end it. The result stops watching.
 */
export function watchSession(options: WatchOptions): () => void {
  const { onEnd, userUrl = '/auth/user', intervalSeconds = 60 } = options
  const url = new URL(userUrl, location.href)
  url.searchParams.set('slide', 'false')
  const watch = new AbortController()
  const { signal } = watch
  const ask = createBrowserFetch()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function check(): Promise<void> {
    if (document.hidden) return
    const ended = await isOver(ask(url, { cache: 'no-store', signal })).catch(() => false)
    clearTimeout(timer)
    if (signal.aborted) return
    if (!ended) return void (timer = setTimeout(check, intervalSeconds * 1000))
    stop()
    onEnd()
  }

  function stop(): void {
    clearTimeout(timer)
    watch.abort()
  }

  document.addEventListener('visibilitychange', () => void check(), { signal })
  void check()
  return stop
}

/** By an option, the user route returns 200 and `null` instead of 401. */
async function isOver(answer: Promise<Response>): Promise<boolean> {
  const response = await answer
  return response.ok ? (await response.json()) === null : isSignInRequired(response)
}
