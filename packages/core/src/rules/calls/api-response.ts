import { headerLines, setCookiesOf } from './headers.ts'
import { isForBrowser, withPrivateCaching } from './relayed-headers.ts'

/** Headers that frameworks and runtimes change when they copy a response. */
const CHANGES = /^(?:connection|content-encoding|content-length|keep-alive|transfer-encoding)$/

/**
 * Decides whether a response was made from the response of an API, whose headers it carries. Headers about the type of
 * the content prove nothing, because every JSON response has them.
 */
export function isMadeFrom(headers: Headers, api: Headers): boolean {
  const given = headerLines(api).filter(([name]) => !CHANGES.test(name))
  const isTelling = given.some(([name]) => !name.startsWith('content-'))
  return isTelling && given.every(([name, value]) => carries(headers, name, value))
}

/**
 * Returns the headers without those that only the API has set and that are not for a browser. A header that the application
 * has set or changed is kept.
 */
export function withoutApiHeaders(headers: Headers, api: Headers, isRedirect: boolean): Headers {
  const kept = new Headers()
  for (const [name, value] of headerLines(headers)) {
    const isLocation = name === 'location' && isRedirect
    const isRefused = isLocation || !isForBrowser(name)
    if (!isRefused || !carries(api, name, value)) kept.append(name, value)
  }
  return headers.get('cache-control') === api.get('cache-control') ? withPrivateCaching(kept) : kept
}

function carries(headers: Headers, name: string, value: string): boolean {
  return name === 'set-cookie' ? setCookiesOf(headers).includes(value) : headers.get(name) === value
}
