import type { Clock } from '@evertoken/core'
import type { CookieJar, CookieSnapshot } from './cookie-jar.ts'

/** The application under test, for example `auth.handler(…)`. */
export type Application = (request: Request) => Response | Promise<Response>

export type Fetch = (input: Request) => Promise<Response>

/** Options of `createBrowser`. */
export interface BrowserOptions {
  /**
   * The public URL of the application.
   *
   * @default 'https://app.example.com'
   */
  readonly baseUrl?: string
  /**
   * Receives the requests for all other origins.
   *
   * @default these requests reject
   */
  readonly authorizationServer?: { readonly fetch: Fetch } | Fetch
  /**
   * The clock that decides which cookies have expired.
   *
   * @default the clock of the machine
   */
  readonly clock?: Pick<Clock, 'now'>
  /**
   * The cookie jar of the browser.
   *
   * @default an empty jar
   */
  readonly jar?: CookieJar
}

/** A request of a page. */
export interface BrowserRequestInit {
  /**
   * The HTTP method.
   *
   * @default 'GET'
   */
  readonly method?: string
  /** The browser replaces cookies, `Origin` and `Sec-*`, because a page cannot set them. */
  readonly headers?: HeadersInit
  /** The request body. By default, there is none. */
  readonly body?: BodyInit | null
  /** An abort closes the connection: the browser does not store the cookies of the response. */
  readonly signal?: AbortSignal
  /** The page that causes the request. Default of `fetch`: a page of the application. Of `navigate`: a typed address. */
  readonly initiator?: string | URL
  /** Sends these cookies instead of the current ones, as a request that left the browser earlier. */
  readonly cookies?: CookieSnapshot
}

/** A request of a script. */
export interface BrowserFetchInit extends BrowserRequestInit {
  /**
   * Whether the browser follows redirects within the application.
   *
   * @default 'follow'
   */
  readonly redirect?: 'follow' | 'manual'
}

/** A request that opens a page. */
export interface NavigateInit extends BrowserRequestInit {
  /**
   * Whether the browser follows redirects.
   *
   * @default 'follow'
   */
  readonly redirect?: 'follow' | 'manual'
  /**
   * Where the browser shows the response: in the tab or in a frame.
   *
   * @default 'document'
   */
  readonly destination?: 'document' | 'iframe'
}

/** The user who signs in, and how. */
export interface BrowserSignInOptions {
  /**
   * The URL of the login route.
   *
   * @default '/auth/login'
   */
  readonly loginUrl?: string
  /**
   * The user who signs in at the model authorization server.
   *
   * @default the user of that server
   */
  readonly user?: string
}

/** One tab of a browser. */
export interface Browser {
  /** The cookies of the browser. All its tabs share them. */
  readonly jar: CookieJar
  /** The `Cookie` header for the start page of the application. */
  readonly cookie: string
  /** Creates a request as a page of the application would send it. */
  request(input: string | URL, init?: BrowserRequestInit): Request
  /**
   * Sends a request as a script of a page, and stores the cookies of the response.
   *
   * @throws {TypeError} If the request leaves the origin of the application. Use `navigate` for that.
   */
  fetch(application: Application, input: string | URL | Request, init?: BrowserFetchInit): Promise<Response>
  /** Opens a page, follows redirects between the application and the authorization server, and stores cookies. */
  navigate(application: Application, input: string | URL, init?: NavigateInit): Promise<Response>
  /**
   * Signs in: login route, authorization server, callback route.
   *
   * @returns The response of the callback route.
   * @throws {Error} If a step of the sign-in fails.
   */
  signIn(application: Application, options?: BrowserSignInOptions): Promise<Response>
  /** Opens another tab. It has the same cookies. */
  openTab(): Browser
  /** Copies the cookies, for `restore` or for a late request (`init.cookies`). */
  snapshot(): CookieSnapshot
  /** Replaces all cookies with those of a snapshot. */
  restore(snapshot: CookieSnapshot): void
}
