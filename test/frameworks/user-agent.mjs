const MAX_REDIRECTS = 10

/** A browser without scripts: it keeps cookies by host name, and follows redirects if it navigates. */
export function createUserAgent() {
  const jars = new Map()

  function jarOf(url) {
    const { hostname } = new URL(url)
    if (!jars.has(hostname)) jars.set(hostname, new Map())
    return jars.get(hostname)
  }

  /** Sends one request like a page of the same origin. */
  async function send(url, { headers, ...init } = {}) {
    const jar = jarOf(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const origin = init.method === 'POST' && { origin: new URL(url).origin }
    const all = { 'sec-fetch-site': 'same-origin', ...origin, ...(cookie && { cookie }), ...headers }
    const response = await fetch(url, { redirect: 'manual', ...init, headers: all })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (/;\s*Max-Age=0(?:;|$)/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  /** Opens an address like a user who typed it, and returns the last response. */
  async function navigate(url, init = {}) {
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    let response = await send(url, {
      ...init,
      headers: { 'sec-fetch-site': 'none', ...headers, ...init.headers },
    })
    for (let i = 0; i < MAX_REDIRECTS && response.headers.has('location'); i++) {
      await response.body?.cancel()
      const next = new URL(response.headers.get('location'), response.url).href
      response = await send(next, { headers: { 'sec-fetch-site': 'cross-site', ...headers } })
    }
    return response
  }

  return { send, navigate }
}
