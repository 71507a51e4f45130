import {
  ConfigurationError,
  type EvertokenErrorOptions,
  type RedactedCause,
  TryLaterError,
} from '../../vocabulary/index.ts'
import { shownUrl } from '../runtime/redact.ts'

/** @param what - The operation that failed. */
export function unavailable(what: string, cause: RedactedCause): TryLaterError {
  const message = `Cannot ${what}. Try again later.`
  return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
}

/** Creates the error for metadata that Evertoken cannot use. */
export function wrongMetadata(what: string, options?: EvertokenErrorOptions): ConfigurationError {
  const message = `Cannot use the authorization server. ${what}`
  return new ConfigurationError('authorization_server_metadata_invalid', message, options)
}

/**
 * Creates the error for a metadata request without a response.
 *
 * A response that is too large stays too large. All other failures can be temporary.
 */
export function metadataNotReceived(url: string, cause: RedactedCause): Error {
  if (cause.name === 'BodyTooLargeError') return notMetadata(url, cause)
  return metadataUnavailable(shownUrl(url), cause.code ?? cause.name, cause)
}

function metadataUnavailable(url: string, reason: string, cause: RedactedCause): TryLaterError {
  return unavailable(`fetch the metadata from ${url} (${reason})`, cause)
}

/**
 * Creates the error for a response that is not the metadata of an authorization server.
 *
 * @param urls - The URLs that were requested. The latest is the first, and the response is from it.
 */
export function metadataRefused(urls: readonly [string, ...string[]], { status, headers }: Response): Error {
  const [url] = urls
  const cause = { name: 'MetadataError', status, url: shownUrl(url) }
  if (status === 429 || status >= 500) return metadataUnavailable(cause.url, `status ${status}`, cause)
  if (status === 200) return notMetadata(url, cause)
  const tried = urls.map(shownUrl).toReversed().join(' or ')
  return wrongMetadata(`No metadata is at ${tried} (status ${status}${targetOf(headers)}). ${SET_URL}`, {
    cause,
  })
}

const SET_URL = 'Check `issuer`, or set `server.metadata` to the URL of the metadata.'

function notMetadata(url: string, cause: RedactedCause): ConfigurationError {
  const what = `The response of ${shownUrl(url)} is not a JSON object with an \`issuer\`. ${SET_URL}`
  return wrongMetadata(what, { cause })
}

/** Returns the destination of a redirect. Only its origin, because a server can put any text into the rest. */
function targetOf(headers: Headers): string {
  const location = headers.get('location') ?? ''
  return URL.canParse(location) ? `, redirects to ${new URL(location).origin}` : ''
}

/** Matches an issuer identifier. A server can put any text into its metadata, so no other text is shown. */
const ISSUER = /^https?:\/\/[^\s?#@]{1,200}$/

/**
 * Creates the error for metadata that names another issuer. Shows both, because they can differ by one character.
 *
 * @param url - Where the metadata is from. By default, it is in the options.
 */
export function wrongIssuer(named: string, configured: string, url?: string): ConfigurationError {
  const shown = ISSUER.test(named) ? `'${named}'` : 'a text that is not an issuer'
  const place = url === undefined ? '`server.metadata`' : `The metadata at ${shownUrl(url)}`
  const what = `${place} names the issuer ${shown}, but \`issuer\` is '${configured}'. ${SET_URL}`
  const cause = { name: 'MetadataError', ...(url !== undefined && { url: shownUrl(url) }) }
  return wrongMetadata(what, { cause })
}
