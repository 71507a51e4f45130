import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createBrowser, type NavigateInit } from '@evertoken/testkit'

/** A tab of a browser with a cookie jar. All its requests go over sockets on loopback. */
export interface Tab {
  /** The URLs that the browser has opened, also in frames. */
  readonly visited: readonly URL[]
  /** Opens a page, follows redirects, submits forms that submit themselves, and loads frames. */
  open(url: string, init?: NavigateInit): Promise<Response>
  /** Calls a route of the application from a script of its page. */
  call(path: string, init?: RequestInit): Promise<Response>
}

export interface TabOptions {
  /** The URL of the application that browsers see. It can be on https, as behind a proxy that ends TLS. */
  readonly baseUrl: string
  /** The address of the application on this machine. */
  readonly address: string
  /** The URL of the provider. Its pages submit forms and contain frames. */
  readonly providerUrl: () => string
}

const MAX_PAGES = 5

export function createTab({ baseUrl, address, providerUrl }: TabOptions): Tab {
  const visited: URL[] = []
  const application = (request: Request) => send(request, address)
  const browser = createBrowser({
    baseUrl,
    authorizationServer: (request) => send(request, new URL(request.url).origin),
  })

  async function send(request: Request, origin: string): Promise<Response> {
    visited.push(new URL(request.url))
    return sendOverSocket(request, origin)
  }

  return {
    visited,
    async open(url, init) {
      let response = await browser.navigate(application, url, init)
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        const html = await response.clone().text()
        const frame = attribute(html, /<iframe src="([^"]*)"/)
        const next = attribute(html, /<meta http-equiv="refresh" content="0;url=([^"]*)"/)
        const form =
          /<body onload="document\.forms\[0\]\.submit\(\)"><form method="post" action="([^"]*)">/.exec(html)
        const initiator = providerUrl()
        if (frame !== undefined)
          await browser.navigate(application, frame, { destination: 'iframe', initiator })
        if (form) {
          const body = new URLSearchParams(fieldsOf(html))
          response = await browser.navigate(application, decode(form[1]), { method: 'POST', body, initiator })
        } else if (next !== undefined) response = await browser.navigate(application, next, { initiator })
        else return response
      }
      throw new Error('The pages lead from one to the next without an end')
    },
    call: (path, init = {}) => browser.fetch(application, path, init as NavigateInit),
  }
}

/** `fetch` of Node cannot send the headers of a navigation. */
async function sendOverSocket(request: Request, origin: string): Promise<Response> {
  const { pathname, search, host } = new URL(request.url)
  const headers = { ...Object.fromEntries(request.headers), host }
  const outgoing = httpRequest(origin + pathname + search, { method: request.method, headers })
  outgoing.end(Buffer.from(await request.arrayBuffer()))
  const [incoming] = await once(outgoing, 'response')
  const body = Buffer.concat(await incoming.toArray())
  const pairs = Array.from({ length: incoming.rawHeaders.length / 2 }, (_, i): [string, string] => [
    incoming.rawHeaders[2 * i],
    incoming.rawHeaders[2 * i + 1],
  ])
  return new Response(body.length > 0 ? body : null, { status: incoming.statusCode, headers: pairs })
}

function fieldsOf(html: string): [string, string][] {
  const inputs = html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)
  return [...inputs].map(([, name, value]) => [decode(name), decode(value)])
}

function attribute(html: string, pattern: RegExp): string | undefined {
  const [, value] = pattern.exec(html) ?? []
  return value === undefined ? undefined : decode(value)
}

function decode(text = ''): string {
  return text.replaceAll('&lt;', '<').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
