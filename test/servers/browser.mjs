import { once } from 'node:events'
import { request } from 'node:http'
import { readForm, readText } from './pages.mjs'

const MAX_REDIRECTS = 10
const MAX_PAGES = 8
const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/**
 * Creates a browser without scripts: it keeps cookies by host name, follows redirects and fills forms in.
 *
 * It does not use `fetch`, which cannot send the headers of a navigation.
 *
 * @param fields - What the user types, by the name or the type of the input. A value can be a function.
 */
export function createBrowser(fields) {
  const jars = new Map()

  function jarOf(url) {
    const { hostname } = new URL(url)
    if (!jars.has(hostname)) jars.set(hostname, new Map())
    return jars.get(hostname)
  }

  function keepCookies(url, lines) {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/; *(?:max-age=0|expires=thu, 01[ -]jan[ -]1970)/i.test(line)) jarOf(url).delete(name)
      else jarOf(url).set(name, value)
    }
  }

  /** Sends one request as a page of the same origin does, without redirects. */
  async function send(url, { method = 'GET', headers, body } = {}) {
    const cookie = [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = { 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }), ...headers }
    const outgoing = request(url, { method, headers: all }).end(body)
    const [incoming] = await once(outgoing, 'response')
    const html = String(Buffer.concat(await incoming.toArray()))
    keepCookies(url, incoming.headers['set-cookie'] ?? [])
    return { url, status: incoming.statusCode, location: incoming.headers.location, html }
  }

  /** Opens an address in a window, and follows redirects. */
  async function open(typed, { site = 'none', headers, ...init } = {}) {
    let page = await send(typed, { headers: { ...NAVIGATION, 'sec-fetch-site': site, ...headers }, ...init })
    for (let i = 0; i < MAX_REDIRECTS && page.location !== undefined; i++) {
      const headersOfRedirect = { ...NAVIGATION, 'sec-fetch-site': 'cross-site' }
      page = await send(new URL(page.location, page.url).href, { headers: headersOfRedirect })
    }
    return page
  }

  async function submit({ url, html }) {
    const form = readForm(html)
    if (form === undefined) throw new Error(`There is no form at ${pathOf(url)}: ${readText(html)}`)
    const target = new URL(form.action || url, url)
    const body = new URLSearchParams()
    for (const input of form.inputs) body.append(input.name, await valueOf(input))
    if (form.method === 'get')
      return open(`${target.origin}${target.pathname}?${body}`, { site: 'same-origin' })
    const headers = {
      origin: new URL(url).origin,
      referer: url,
      'content-type': 'application/x-www-form-urlencoded',
    }
    return open(target.href, { site: 'same-origin', method: 'POST', headers, body: String(body) })
  }

  function valueOf({ name, type, value }) {
    const typed = type === 'hidden' ? undefined : (fields[name] ?? fields[type])
    return typeof typed === 'function' ? typed() : (typed ?? value)
  }

  /** Opens an address, and submits each form until a page of another origin appears. */
  async function openAndSubmit(url, destination) {
    let page = await open(url)
    for (let i = 0; i < MAX_PAGES && new URL(page.url).origin !== destination; i++) page = await submit(page)
    return page
  }

  return { keepCookies, send, open, openAndSubmit }
}

/** An address without its query, which can hold a code. */
function pathOf(url) {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
