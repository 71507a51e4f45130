/** A user with a browser, limited to the needs of the demo: cookies, links, redirects and forms. */
export interface UserAgent {
  /** The `Cookie` header that goes to the host of a URL. */
  cookiesFor(url: string): string
  /** Keeps the cookies of a response. */
  keep(url: string, response: Response): void
  /** One request, without redirects. */
  send(url: string, init?: RequestInit): Promise<Response>
  /** Goes where a link or button leads, through every redirect. */
  visit(url: string, init?: RequestInit): Promise<Page>
  /** Presses the button of the only form of a page. */
  submit(page: Page): Promise<Page>
}

export interface Page {
  readonly url: string
  readonly status: number
  readonly html: string
}

const MAX_REDIRECTS = 10

export function createUserAgent(): UserAgent {
  /** By host name, as cookies are: ports do not count. */
  const jars = new Map<string, Map<string, string>>()

  const jarOf = (url: string) => {
    const { hostname } = new URL(url)
    const jar = jars.get(hostname) ?? new Map<string, string>()
    jars.set(hostname, jar)
    return jar
  }

  const agent: UserAgent = {
    cookiesFor: (url) => [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; '),
    keep(url, response) {
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/; *max-age=0|; *expires=Thu, 01 Jan 1970/i.test(line)) jarOf(url).delete(name)
        else jarOf(url).set(name, value)
      }
    },
    async send(url, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('cookie', agent.cookiesFor(url))
      const response = await fetch(url, { ...init, headers, redirect: 'manual' })
      agent.keep(url, response)
      return response
    },
    async visit(url, init = {}) {
      let [here, response] = [url, await agent.send(url, init)]
      for (let i = 0; i < MAX_REDIRECTS && response.headers.has('location'); i++) {
        await response.body?.cancel()
        here = new URL(response.headers.get('location') ?? '', here).href
        response = await agent.send(here)
      }
      return { url: here, status: response.status, html: await response.text() }
    },
    submit(page) {
      const action = /<form[^>]* action="([^"]*)"/.exec(page.html)?.[1] ?? page.url
      const fields = [...page.html.matchAll(/<(?:input|button)[^>]* name="([^"]*)" value="([^"]*)"/g)]
      const body = new URLSearchParams(fields.map(([, name = '', value = '']) => [name, value]))
      const headers = { origin: new URL(page.url).origin }
      return agent.visit(new URL(action, page.url).href, { method: 'POST', headers, body })
    },
  }
  return agent
}
