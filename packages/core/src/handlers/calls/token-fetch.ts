import { discardBody } from '../../mechanisms/calls/with-headers.ts'
import type { Credential } from '../../ports/credential.ts'
import { type AllowedPrefix, isAllowed, parseUrl } from '../../rules/calls/allowed-urls.ts'
import { type Hop, nextHop } from '../../rules/calls/redirect.ts'
import { isIncorrectCall } from '../../rules/remedy.ts'
import { type AuthorizationHeaders, ConfigurationError, EvertokenError } from '../../vocabulary/index.ts'
import { problem } from '../problem.ts'

/** A standard `fetch`. */
export type TokenFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * Returns the credential with the current access token for a call. Throws if there is none.
 *
 * `rejected` is a credential of this source that an API rejected. The result then belongs to the same owner.
 */
export type CredentialSource = (demand: {
  readonly rejected?: Credential
  readonly signal?: AbortSignal | undefined
}) => Promise<Credential>

export interface TokenFetchPolicy {
  readonly baseUrl: string | undefined
  readonly prefixes: readonly [AllowedPrefix, ...AllowedPrefix[]]
  readonly fetch: TokenFetch
  /** Whether a call for which no token is available throws. Otherwise, it resolves to a 401 response. */
  readonly throwTokenErrors: boolean
}

const MAX_HOPS = 20

/**
 * Creates a `fetch` that sends the token of `source`, only to the configured URLs. If an API rejects a token with
 * `invalid_token` (RFC 6750 §3.1), the call is repeated once with another token. A body that cannot be sent again
 * prevents the repetition.
 */
export function tokenFetch(source: CredentialSource, policy: TokenFetchPolicy): TokenFetch {
  return async (input, init = {}) => {
    const call = prepare(input, init, policy)
    const { signal, first } = call
    try {
      const credential = await source({ signal })
      const { response, isRejected } = await follow(call, credential, policy)
      if (!isRejected) return response
      const next = await source({ rejected: credential, signal }).catch((error: unknown) => {
        if (error instanceof EvertokenError) return credential
        throw error
      })
      // The next call has a valid token, even if this one cannot be repeated.
      if (next.token === credential.token || first.body === 'spent') return response
      discardBody(response.body)
      return (await follow(call, next, policy)).response
    } catch (error) {
      if (policy.throwTokenErrors || !isWithoutToken(error)) throw error
      return problem(401, error)
    }
  }
}

/**
 * Whether no token is available. A `401` would hide an incorrect call, and an application that then redirects would
 * loop.
 */
function isWithoutToken(error: unknown): error is EvertokenError {
  return error instanceof EvertokenError && error.code !== 'redirect_refused' && !isIncorrectCall(error)
}

interface Call {
  /** Returns the input of the first request: the URL that was checked, or a request for it. */
  readonly target: () => URL | Request
  readonly init: RequestInit
  readonly first: Hop
  readonly signal: AbortSignal | undefined
  readonly redirect: RequestRedirect | undefined
}

function prepare(input: string | URL | Request, init: RequestInit, policy: TokenFetchPolicy): Call {
  // `instanceof Request` does not work, because frameworks have their own request classes.
  const isAddress = typeof input === 'string' || input instanceof URL
  const request: Partial<Request> = isAddress ? {} : input
  // It is read once, because an object might return another URL the next time.
  const url = isAddress ? parseUrl(input, policy.baseUrl) : parseUrl(input.url)
  if (!url) throw new ConfigurationError('origin_not_allowed', 'Cannot resolve the URL: set "baseUrl"')
  if (!isAllowed(url, policy.prefixes)) throw notAllowed(url)
  const method = (init.method ?? request.method ?? 'GET').toUpperCase()
  const headers = new Headers(init.headers ?? request.headers)
  const body = init.body == null ? (request.body ? 'spent' : 'none') : bodyKind(init.body)
  return {
    target: () => (input instanceof Request ? requestFor(input, url) : url),
    init: input instanceof Request ? init : withBody(init, request.body),
    first: { url, method, headers, body, trusted: true },
    signal: init.signal ?? request.signal,
    redirect: init.redirect ?? request.redirect,
  }
}

/** Returns a request that `fetch` accepts. A property that hides the real URL is refused. */
function requestFor(input: Request, url: URL): Request {
  const request = new Request(input)
  if (request.url !== url.href) throw notAllowed(new URL(request.url))
  return request
}

/** The `fetch` of the runtime would turn a request of a class that it does not know into a string. */
function withBody(init: RequestInit, body: BodyInit | null | undefined): RequestInit {
  return body && init.body == null ? ({ ...init, body, duplex: 'half' } as RequestInit) : init
}

function notAllowed({ origin }: URL): ConfigurationError {
  const message = `Cannot call '${origin}' with a token: add it to "allowedUrls"`
  return new ConfigurationError('origin_not_allowed', message)
}

/** Returns whether the body can be sent again. A stream can be sent only once. */
function bodyKind(body: BodyInit): Hop['body'] {
  const isStream = body instanceof ReadableStream || Symbol.asyncIterator in Object(body)
  return isStream && !(body instanceof Blob) ? 'spent' : 'replayable'
}

async function follow(
  call: Call,
  credential: Credential,
  { fetch, prefixes }: TokenFetchPolicy,
): Promise<{ readonly response: Response; readonly isRejected: boolean }> {
  const { target, first, redirect } = call
  let hop = first
  for (let hops = 0; hops <= MAX_HOPS; hops++) {
    const headers = hop.trusted ? credential.authorize(hop) : undefined
    const authorization = headers instanceof Promise ? await headers : headers
    const response = await fetch(hop === first ? target() : hop.url, initFor(hop, call, authorization))
    const next = nextHop(hop, response, prefixes)
    // A server that did not receive the token cannot know whether it is valid.
    if (next === 'arrived' || redirect === 'manual')
      return { response, isRejected: hop.trusted && credential.readResponse(response) === 'retry' }
    discardBody(response.body)
    if (next === 'refused' || redirect === 'error') break
    hop = next
  }
  const message = 'Cannot follow the redirect: its destination is missing or not in "allowedUrls"'
  throw new ConfigurationError('redirect_refused', message)
}

function initFor(
  { method, headers, body }: Hop,
  call: Call,
  authorization: AuthorizationHeaders | undefined,
): RequestInit {
  const own = new Headers(headers)
  for (const name in authorization) own.set(name, authorization[name] as string)
  const init: RequestInit = { ...call.init, method, headers: own, redirect: 'manual' }
  if (call.signal) init.signal = call.signal
  if (body === 'none') delete init.body
  return init
}
