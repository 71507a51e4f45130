import { CDN_ORDERS, decoded, endToEnd, without } from './passed-on-headers.ts'

/**
 * What a browser must not say to an API: its credentials for this application, what page it shows, and what only
 * infrastructure may say, such as whom it speaks for. `fetch` sets `Host` and `Accept-Encoding` by itself, because it
 * decodes the answer.
 */
const NOT_FOR_THE_API =
  /^(?:authorization|cookie2?|dpop|accept-encoding|expect|host|origin|referer|x-evertoken|forwarded|via|(?:x-client|x-real|true-client)-ip|(?:x-forwarded|x-original|x-rewrite|sec-fetch|cf)-.*)$/

/**
 * What an API must not say to a browser in the name of this application: cookies, who may read the answer, orders to
 * the site as a whole or to the server in front of it, and where to go besides `Location`.
 */
const NOT_FOR_THE_BROWSER =
  /^(?:set-cookie2?|clear-site-data|strict-transport-security|alt-svc|refresh|forwarded|nel|report-to|x-evertoken|x-sendfile|(?:access-control|x-accel|x-forwarded)-.*)$/

/** The headers of a request as an API gets them. */
export function headersForApi(headers: Headers, hasBody: boolean): Headers {
  const kept = endToEnd(headers, NOT_FOR_THE_API)
  if (!hasBody) kept.delete('content-length')
  return kept
}

/**
 * The headers of a response as the browser gets them. What belongs to one user is not for shared caches: the API knew
 * the user by `Authorization`, which keeps them away (RFC 9111 §3.5), the browser sends a cookie.
 */
export function headersForBrowser(headers: Headers, isPersonal: boolean): Headers {
  const kept = decoded(endToEnd(headers, NOT_FOR_THE_BROWSER))
  if (!isPersonal) return kept
  const own = without(kept, CDN_ORDERS)
  own.append('vary', 'cookie')
  const isDecided = /\b(?:private|no-store|public|s-maxage|must-revalidate)\b/i
  if (!isDecided.test(own.get('cache-control') ?? '')) own.append('cache-control', 'private')
  return own
}
