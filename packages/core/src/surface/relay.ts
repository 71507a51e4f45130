import { relayResponse } from '../handlers/calls/relay.ts'
import { mayAllowForApi, mayAllowForBrowser } from '../rules/calls/allowed-headers.ts'
import { type Check, checkAll, listOf, type OptionTable } from './checks.ts'

/** Options of `relay`. */
export interface RelayOptions {
  /** Names of further headers that the browser gets, such as `X-Request-Cost`. */
  readonly allowHeaders?: readonly string[]
}

/** A header by its name, unless no option may allow it. */
function header(mayAllow: (name: string) => boolean): Check {
  return (name) => {
    if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      return 'must contain names of headers'
    return mayAllow(name.toLowerCase()) ? undefined : `must not contain "${name}": set that header yourself`
  }
}

export const requestHeaders: Check = listOf(header(mayAllowForApi))
export const responseHeaders: Check = listOf(header(mayAllowForBrowser))

const OPTIONS: OptionTable<Required<RelayOptions>> = { allowHeaders: [responseHeaders, []] }

/**
 * Returns the response of an API with only those headers that are safe for the browser.
 *
 * Headers about the content, caching and rate limits pass. Cookies, CORS headers, redirects and all unknown headers do not.
 * Shared caches do not store the result. The body is a stream, and is not copied.
 *
 * @param response - The response of a token fetch, or of another `fetch` for the same user.
 * @param options - `allowHeaders` names further headers.
 * @returns A new response that uses the body of `response`.
 * @throws {ConfigurationError} If the body is used, or `allowHeaders` names a header that is never safe.
 * @example
 *   createServer(auth.listener(async () => relay(await orders('recent')))).listen(3000)
 */
export function relay(response: Response, options: RelayOptions = {}): Response {
  const { allowHeaders } = checkAll(OPTIONS, options)
  return relayResponse(response, true, lowerCase(allowHeaders))
}

export function lowerCase(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase())
}
