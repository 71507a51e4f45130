import type { Evertoken } from '@evertoken/core'
import { createCookieMap } from '@evertoken/testkit'

export const APP_URL = 'https://app.example.com'

export interface SignedIn {
  /** Sends a request of the signed-in browser. */
  get(path: string, answer: () => Promise<Response>): Promise<Response>
  /** The URLs that the browser opened, in order. */
  readonly visited: readonly URL[]
}

/** Signs a user in, in a browser that follows every redirect and posts every form. */
export async function signInAt(
  auth: Pick<Evertoken, 'handle'>,
  loginPath = '/auth/login',
): Promise<SignedIn> {
  const cookies = createCookieMap({ url: APP_URL })
  const serverCookies = new Map<string, string>()
  const visited: URL[] = []
  const navigate = {
    'sec-fetch-site': 'same-origin',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }
  const toApp = async (url: string, init: RequestInit = {}, answer = async () => new Response('app')) => {
    const headers = { ...navigate, cookie: cookies.header() }
    const response = await auth.handle(new Request(url, { headers, ...init }), answer)
    cookies.keep(response)
    return response
  }
  const toServer = async (url: string) => {
    const cookie = [...serverCookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url, { headers: { cookie }, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      serverCookies.set(name, value)
    }
    return response
  }
  let url = APP_URL + loginPath
  let response = await toApp(url)
  for (let i = 0; i < 10; i++) {
    const location = response.headers.get('location')
    const form = location === null ? readForm(await response.text()) : undefined
    if (location === null && !form) break
    url = new URL(form?.action ?? location ?? '', url).href
    visited.push(new URL(url))
    if (url === `${APP_URL}/`) return { get: (path, answer) => toApp(APP_URL + path, {}, answer), visited }
    response = await (url.startsWith(APP_URL) ? toApp(url, form?.init) : toServer(url))
  }
  throw new Error(`The sign-in ended at ${url} with the status ${response.status}`)
}

/** The form of a page that posts itself. */
function readForm(html: string): { readonly action: string; readonly init: RequestInit } | undefined {
  const [, action] = /<form[^>]* action="([^"]*)"/.exec(html) ?? []
  if (action === undefined) return undefined
  const inputs = [...html.matchAll(/<input[^>]* name="([^"]*)" value="([^"]*)"/g)]
  const body = new URLSearchParams(inputs.map(([, name = '', value = '']): [string, string] => [name, value]))
  return { action, init: { method: 'POST', body } }
}
