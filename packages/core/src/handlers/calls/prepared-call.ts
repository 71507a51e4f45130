import type { BodyCopy } from '../../mechanisms/calls/body-copy.ts'
import {
  type AllowedPrefix,
  describeNotAllowed,
  isAllowed,
  parseUrl,
  resolvePlain,
} from '../../rules/calls/allowed-urls.ts'
import type { Hop } from '../../rules/calls/redirect.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'

/** The URLs to which a token can be sent. */
export interface CallPolicy {
  readonly baseUrl: string | undefined
  readonly prefixes: readonly [AllowedPrefix, ...AllowedPrefix[]]
}

/** A call that was checked, before its first request. */
export interface Call {
  /** The request, if the input is one of the runtime. */
  readonly request: Request | undefined
  readonly init: RequestInit
  readonly first: Hop
  readonly signal: AbortSignal | undefined
  readonly redirect: RequestRedirect | undefined
  /** The body of `request`, if it is short. It exists after the request was sent. */
  copy?: BodyCopy | undefined
}

/** After a redirect, only the last request is repeated. The first one might have changed data. */
export function onlyFrom(hop: Hop, call: Call): Call {
  return { ...call, request: undefined, first: hop }
}

/** Returns the call with a body that can be sent again, if the body of its request was copied. */
export function repeatable(call: Call): Call {
  const bytes = call.first.body === 'spent' ? call.copy?.take() : undefined
  if (!bytes) return call
  const first: Hop = { ...call.first, body: 'replayable' }
  return { ...call, request: undefined, init: { ...call.init, body: bytes }, first }
}

export function prepareCall(input: string | URL | Request, init: RequestInit, policy: CallPolicy): Call {
  // `instanceof Request` does not work, because frameworks have their own request classes.
  const isAddress = typeof input === 'string' || input instanceof URL
  const request: Partial<Request> = isAddress ? {} : input
  // It is read once, because an object might return another URL the next time.
  const href = checkAddress(String(isAddress ? input : input.url), isAddress, policy)
  const method = (init.method ?? request.method ?? 'GET').toUpperCase()
  const given = init.headers ?? request.headers
  const headers = given && new Headers(given)
  const body = init.body == null ? (request.body ? 'spent' : 'none') : bodyKind(init.body)
  return {
    request: input instanceof Request ? input : undefined,
    init: input instanceof Request ? init : withBody(init, request.body),
    first: { href, method, headers, body, trusted: true },
    signal: init.signal ?? request.signal,
    redirect: init.redirect ?? request.redirect,
  }
}

/** Returns a request that `fetch` accepts. A property that hides the real URL is refused. */
export function requestFor(input: Request, href: string, policy: CallPolicy): Request {
  const request = new Request(input)
  if (request.url !== href) throw notAllowed(new URL(request.url), policy)
  return request
}

/**
 * Returns the absolute URL.
 *
 * @param isRelative - Whether the address can be relative to `baseUrl`.
 */
function checkAddress(address: string, isRelative: boolean, policy: CallPolicy): string {
  const { baseUrl, prefixes } = policy
  const base = isRelative ? baseUrl : undefined
  // Parsing a URL costs more than all other checks of a call.
  const plain = resolvePlain(address, prefixes, base === undefined ? undefined : prefixes[0])
  if (plain !== undefined) return plain
  const url = parseUrl(address, base)
  if (!url) throw new ConfigurationError('origin_not_allowed', 'Cannot resolve the URL. Set `baseUrl`.')
  if (!isAllowed(url, prefixes)) throw notAllowed(url, policy, address)
  return url.href
}

/** The `fetch` of the runtime would turn a request of a class that it does not know into a string. */
function withBody(init: RequestInit, body: BodyInit | null | undefined): RequestInit {
  return body && init.body == null ? ({ ...init, body, duplex: 'half' } as RequestInit) : init
}

/** @param input - The text that the URL was built from. */
function notAllowed(url: URL, { prefixes }: CallPolicy, input: string = url.href): ConfigurationError {
  const message = describeNotAllowed(url, input, prefixes)
  return new ConfigurationError('origin_not_allowed', message)
}

/** Returns whether the body can be sent again. A stream can be sent only once. */
function bodyKind(body: BodyInit): Hop['body'] {
  const isStream = body instanceof ReadableStream || Symbol.asyncIterator in Object(body)
  return isStream && !(body instanceof Blob) ? 'spent' : 'replayable'
}
