import { once } from 'node:events'
import { get } from 'node:http'

const MAX_REDIRECTS = 10

/** A browser without scripts over real sockets. It follows redirects if it navigates. */
export function createUserAgent({ createCookieJar }) {
  const jar = createCookieJar()

  function cookiesFor(url) {
    const cookie = jar.header(url)
    return cookie && { cookie }
  }

  function keepCookies(url, response) {
    for (const line of response.headers.getSetCookie()) jar.store(line, url)
  }

  /** Sends one request like a page of the same origin. */
  async function send(url, { headers, ...init } = {}) {
    const origin = init.method === 'POST' && { origin: new URL(url).origin }
    const all = { 'sec-fetch-site': 'same-origin', ...origin, ...cookiesFor(url), ...headers }
    const response = await fetch(url, { redirect: 'manual', ...init, headers: all })
    keepCookies(url, response)
    return response
  }

  /** Opens one address in a window. `fetch` of Node cannot send the headers of a navigation. */
  async function open(url, site) {
    const navigation = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const response = await getResponse(url, { accept: 'text/html', ...navigation, ...cookiesFor(url) })
    keepCookies(url, response)
    return response
  }

  /** Opens an address like a user who typed it, and returns the last response. */
  async function navigate(typed) {
    let url = typed
    let response = await open(url, 'none')
    for (let i = 0; i < MAX_REDIRECTS && response.headers.has('location'); i++) {
      url = new URL(response.headers.get('location'), url).href
      response = await open(url, 'cross-site')
    }
    return { url, response }
  }

  return { send, open, navigate }
}

async function getResponse(url, headers) {
  const [incoming] = await once(get(url, { headers }), 'response')
  const chunks = await incoming.toArray()
  const init = { status: incoming.statusCode, headers: pairsOf(incoming.rawHeaders) }
  return new Response(chunks.length > 0 ? Buffer.concat(chunks) : null, init)
}

function pairsOf(raw) {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i], raw[2 * i + 1]])
}
