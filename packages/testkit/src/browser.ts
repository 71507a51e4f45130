import type {
  Application,
  Browser,
  BrowserFetchInit,
  BrowserOptions,
  BrowserRequestInit,
} from './browser/api.ts'
import { cookieContextOf, type Outgoing, redirected, toRequest } from './browser/browser-request.ts'
import { type CookieJar, type CookieSnapshot, createCookieJar } from './browser/cookie-jar.ts'

/** Browsers follow at most so many redirects. */
const MAX_REDIRECTS = 20

/**
 * Creates a browser with a cookie jar for tests of an application, in memory.
 *
 * @param options - The public URL of the application, and the authorization server. By default, there is none.
 * @returns The first tab of the browser.
 * @example
 * ```ts
 * import { createAuthorizationServer, createBrowser } from '@evertoken/testkit'
 *
 * declare const app: (request: Request) => Promise<Response> // your application
 *
 * const browser = createBrowser({ authorizationServer: createAuthorizationServer() })
 * await browser.signIn(app, { user: 'ada' })
 * const response = await browser.fetch(app, '/orders')
 * ```
 */
export function createBrowser(options: BrowserOptions = {}): Browser {
  const { baseUrl = 'https://app.example.com', clock, authorizationServer } = options
  const jar = options.jar ?? createCookieJar(clock && { clock })
  const home = new URL(baseUrl)
  const fetchElsewhere =
    typeof authorizationServer === 'object' ? authorizationServer.fetch : authorizationServer

  function jarOf(cookies: CookieSnapshot | undefined): CookieJar {
    if (!cookies) return jar
    const late = createCookieJar(clock && { clock })
    late.restore(cookies)
    return late
  }

  function send(application: Application, request: Request): Response | Promise<Response> {
    if (new URL(request.url).origin === home.origin) return application(request)
    if (fetchElsewhere) return fetchElsewhere(request)
    const reason = 'Requests for other origins need the option `authorizationServer`'
    throw new TypeError('Failed to fetch', { cause: new Error(reason) })
  }

  async function exchange(application: Application, outgoing: Outgoing, sent: CookieJar): Promise<Response> {
    const request = toRequest(outgoing, sent)
    const { signal, url } = outgoing
    signal?.throwIfAborted()
    const response = await untilAborted(Promise.resolve(send(application, request)), signal)
    for (const line of response.headers.getSetCookie()) jar.store(line, url, cookieContextOf(outgoing))
    return response
  }

  /** Follows redirects until `isLast`, and resolves to the last response and its URL. */
  async function follow(
    application: Application,
    first: Outgoing,
    init: BrowserFetchInit,
    isLast: (from: URL, to: URL) => boolean = () => false,
  ): Promise<{ response: Response; url: URL }> {
    let outgoing = first
    let sent = jarOf(init.cookies)
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const response = await exchange(application, outgoing, sent)
      const location = response.headers.get('location')
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== null
      if (!isRedirect || init.redirect === 'manual') return { response, url: outgoing.url }
      const next = redirected(outgoing, response.status, location)
      if (isLast(outgoing.url, next.url)) return { response, url: outgoing.url }
      if (outgoing.destination === 'empty') requireOrigin(next.url)
      outgoing = next
      // Only the first request left the browser early.
      sent = jar
    }
    throw new TypeError('Failed to fetch', { cause: new Error('Too many redirects') })
  }

  function requireOrigin(url: URL): void {
    if (url.origin === home.origin) return
    const reason = `A page cannot send a request to ${url.origin}. Use \`navigate\` to open a page there.`
    throw new TypeError('Failed to fetch', { cause: new Error(reason) })
  }

  const browser: Browser = {
    jar,
    get cookie() {
      return jar.header(home)
    },
    request(input, init = {}) {
      const { signal, initiator = home } = init
      // Without `await`, the body can only be read by the receiver.
      const request = new Request(new URL(input, home), plainInit(init))
      const { method, headers } = request
      const url = new URL(request.url)
      const outgoing = { url, method, headers, body: undefined, signal, initiator: new URL(initiator) }
      const complete = toRequest({ ...outgoing, destination: 'empty' }, jarOf(init.cookies))
      return new Request(request, { headers: complete.headers })
    },
    async fetch(application, input, init = {}) {
      const request = new Request(input instanceof Request ? input : new URL(input, home), plainInit(init))
      const outgoing = await toOutgoing(request, init, new URL(init.initiator ?? home), 'empty')
      requireOrigin(outgoing.url)
      return (await follow(application, outgoing, init)).response
    },
    async navigate(application, input, init = {}) {
      const request = new Request(new URL(input, home), plainInit(init))
      const initiator = init.initiator === undefined ? undefined : new URL(init.initiator)
      const outgoing = await toOutgoing(request, init, initiator, init.destination ?? 'document')
      return (await follow(application, outgoing, init)).response
    },
    async signIn(application, { loginUrl = '/auth/login', user } = {}) {
      const start = await toOutgoing(new Request(new URL(loginUrl, home)), {}, home, 'document')
      let wasElsewhere = false
      const isAfterCallback = (from: URL, to: URL) => {
        wasElsewhere ||= from.origin !== home.origin
        if (user !== undefined && to.origin !== home.origin) to.searchParams.set('login_hint', user)
        return wasElsewhere && from.origin === home.origin
      }
      const { response, url } = await follow(application, start, {}, isAfterCallback)
      if (wasElsewhere && url.origin === home.origin && response.status < 400) return response
      throw new Error(
        `The sign-in failed. ${url.origin}${url.pathname} responded with ${response.status}. Check its response.`,
      )
    },
    openTab: () => createBrowser({ ...options, jar }),
    snapshot: () => jar.snapshot(),
    restore: (snapshot) => jar.restore(snapshot),
  }
  return browser
}

function plainInit({ method, headers, body }: BrowserRequestInit): RequestInit {
  return { ...(method && { method }), ...(headers && { headers }), ...(body && { body }) }
}

async function toOutgoing(
  request: Request,
  { signal }: BrowserRequestInit,
  initiator: URL | undefined,
  destination: Outgoing['destination'],
): Promise<Outgoing> {
  const { method, headers, url } = request
  // A redirect can send the body again.
  const body = request.body ? await request.arrayBuffer() : undefined
  return { url: new URL(url), method, headers, body, signal, initiator, destination }
}

/** After an abort, the browser ignores the response and its cookies. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
