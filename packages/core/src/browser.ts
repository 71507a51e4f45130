/**
 * Functions for the pages of an application. No other site can forge their calls, and they notice when the session
 * ends. They never see a token.
 *
 * @module
 */
/// <reference lib="dom" />

/**
 * Creates a `fetch` for this origin whose requests the application recognizes as its own, also in old browsers.
 *
 * Calls to other origins, and redirects to them, fail with a `TypeError`.
 *
 * @example
 *   const ownFetch = createBrowserFetch()
 *   const response = await ownFetch('/orders', { method: 'POST', body: '{}' })
 */
export function createBrowserFetch(): typeof fetch {
  return (input, init) => {
    const request = new Request(input, { ...init, mode: 'same-origin' })
    request.headers.set('x-evertoken', '1')
    return fetch(request)
  }
}

/**
 * Returns whether the user must sign in, so that the page can open the login route.
 *
 * A 401 response for another reason returns `false`, because a sign-in would not help.
 *
 * @param response - A response of the application. Its body can still be used after that.
 * @example
 *   const response = await ownFetch('/orders')
 *   if (await isSignInRequired(response)) location.assign('/auth/login?returnTo=/orders')
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

/** Options of `watchSession`. */
export interface WatchOptions {
  /** Called once, when the session has ended. */
  readonly onEnd: () => void
  /**
   * The URL of the user endpoint.
   *
   * @default '/auth/user'
   */
  readonly userUrl?: string
  /**
   * Seconds between two requests.
   *
   * @default 60
   */
  readonly intervalSeconds?: number
}

/**
 * Polls the user endpoint, and calls `onEnd` when the session has ended.
 *
 * It polls immediately when a hidden page is shown again, and never while the page is hidden. Polling does not keep
 * the session alive. A network failure does not end the watch.
 *
 * @param options - The function `onEnd`, the URL of the user endpoint, and the interval in seconds.
 * @returns A function that stops the watch.
 * @example
 *   const stop = watchSession({ onEnd: () => location.assign('/auth/login'), intervalSeconds: 30 })
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

/** Returns whether the session has ended. An option lets the user route return 200 and `null` instead of 401. */
async function isOver(answer: Promise<Response>): Promise<boolean> {
  const response = await answer
  return response.ok ? (await response.json()) === null : isSignInRequired(response)
}
