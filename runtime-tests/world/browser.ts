import assert from 'node:assert/strict'
import { type CookieMap, createCookieMap } from '@evertoken/testkit'

/** A cookie jar and a person who clicks. */
export interface Browser {
  readonly cookies: CookieMap
  /** Sends the current cookies or other ones, and keeps those of the response. Follows no redirect. */
  send(path: string, options?: SendOptions): Promise<Response>
  /** The body of an answer of that status. */
  text(path: string, status?: number, options?: SendOptions): Promise<string>
  json<T>(path: string, options?: SendOptions): Promise<T>
  /** Through the whole authorization code flow; resolves to where the application led at last. */
  signIn(returnTo?: string): Promise<string>
  /** As a form on a page of the application does. */
  signOut(): Promise<Response>
}

export interface SendOptions {
  readonly cookie?: string
  readonly method?: string
  readonly body?: BodyInit
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

/** @param witness - Receives all data that the application sends to the browser. */
export function createBrowser(origin: string, witness: (seen: string) => void): Browser {
  const cookies = createCookieMap({ url: origin })

  const browser: Browser = {
    cookies,
    async send(path, { cookie = cookies.header(), headers, ...init } = {}) {
      const all = { ...headers, ...(cookie !== '' && { cookie }) }
      const response = await fetch(new URL(path, origin), {
        ...init,
        ...(init.body instanceof ReadableStream && { duplex: 'half' as const }),
        headers: all,
        redirect: 'manual',
      })
      witness(`${response.status} ${JSON.stringify([...response.headers])}`)
      cookies.keep(response)
      return response
    },
    async text(path, status = 200, options) {
      const response = await browser.send(path, options)
      const text = await response.text()
      witness(text)
      assert.equal(response.status, status, `${path} answered ${response.status}: ${text}`)
      return text
    },
    async json<T>(path: string, options?: SendOptions) {
      return JSON.parse(await browser.text(path, 200, options)) as T
    },
    async signIn(returnTo = '/') {
      // No other site has chosen `returnTo`.
      const headers = { 'x-evertoken': '1' }
      const login = await browser.send(`/auth/login?returnTo=${encodeURIComponent(returnTo)}`, { headers })
      assert.equal(login.status, 302)
      const authorized = await fetch(location(login), { redirect: 'manual' })
      const callback = location(authorized)
      assert.equal(callback.origin, origin)
      const done = await browser.send(callback.pathname + callback.search)
      assert.equal(done.status, 303, await done.text())
      return location(done, origin).href.slice(origin.length)
    },
    signOut: () => browser.send('/auth/logout', { method: 'POST', headers: { origin } }),
  }
  return browser
}

function location({ headers }: Response, base?: string): URL {
  return new URL(headers.get('location') ?? '', base)
}
