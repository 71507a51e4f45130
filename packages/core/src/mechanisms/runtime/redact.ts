import { registeredError } from '../../rules/refresh/classify.ts'
import { omitUndefined } from '../../rules/members.ts'
import type { RedactedCause } from '../../vocabulary/index.ts'

/** The URLs of requests that failed, by their errors. */
const urls = new WeakMap<object, string>()

/** Remembers which request an error is from, so that `redact` returns its URL. Returns the error. */
export function withUrl(error: unknown, url: string): unknown {
  if (typeof error === 'object' && error !== null) urls.set(error, url)
  return error
}

/** Returns the origin and the path of a URL. The rest might contain a credential. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return 'an invalid URL'
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

/**
 * Reduces a foreign error to its name, code, OAuth `error`, status and URL, because its text might contain a credential.
 *
 * @example
 *   const cause = redact(new TypeError('fetch failed')) // { name: 'TypeError' }
 */
export function redact(error: unknown): RedactedCause {
  if (typeof error !== 'object' || error === null) return { name: typeof error }
  const { name, code, error: oauthError, status, cause } = error as Record<string, unknown>
  const { code: inner } = Object(cause) as Record<string, unknown>
  const url = urls.get(error)
  return omitUndefined({
    name: isIdentifier(name) ? name : 'Error',
    code: [code, inner].find(isIdentifier),
    error: registeredError(oauthError),
    status: typeof status === 'number' ? status : undefined,
    url: url === undefined ? undefined : shownUrl(url),
  })
}

/** Matches names and codes in the usual format. They are long enough to be useful, and too short to be credentials. */
const IDENTIFIER = /^(?:[A-Z][A-Za-z]{0,39}|(?=.{1,48}$)[A-Z0-9]{1,16}(?:_[A-Z0-9]{1,16})*)$/

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value)
}
