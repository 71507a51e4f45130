import { type AllowedPrefix, isAllowed } from '../rules/allowed-urls.ts'
import { rejectsToken } from '../rules/authentication-challenge.ts'
import { type Hop, nextHop } from '../rules/redirect.ts'
import { type AccessToken, ConfigurationError, EvertokenError } from '../vocabulary/index.ts'
import { problem } from './problem.ts'

/** A standard `fetch`. */
export type TokenFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Gives the current token of whoever the call is made for. Throws when there is none. */
export type TokenSource = (demand: {
  readonly rejected?: string
  readonly signal?: AbortSignal | undefined
}) => Promise<AccessToken>

export interface TokenFetchPolicy {
  readonly baseUrl: string | undefined
  readonly prefixes: readonly [AllowedPrefix, ...AllowedPrefix[]]
  readonly fetch: TokenFetch
  /** What a call gets for which no token can be had. */
  readonly withoutToken: 'respond' | 'throw'
}

const MAX_HOPS = 20

/**
 * Makes a `fetch` that carries the token of `source`, to the configured URLs alone. A token that is rejected with
 * `invalid_token` (RFC 6750 §3.1) is replaced once, when the body can be sent again.
 */
export function tokenFetch(source: TokenSource, policy: TokenFetchPolicy): TokenFetch {
  return async (input, init = {}) => {
    const call = prepare(input, init, policy.baseUrl)
    if (!isAllowed(call.first.url, policy.prefixes)) throw notAllowed(call.first.url)
    try {
      const token = await source({ signal: call.signal })
      const { response, trusted } = await follow(call, token, policy)
      const challenge = response.headers.get('www-authenticate')
      // Somebody who was not shown the token cannot know whether it is valid.
      if (!trusted || !rejectsToken(response.status, challenge)) return response
      const next = await source({ rejected: token.value, signal: call.signal }).catch((error: unknown) => {
        if (error instanceof EvertokenError) return token
        throw error
      })
      // The next call has a token that is valid, also when this one cannot be made again.
      if (next.value === token.value || call.first.body === 'spent') return response
      await response.body?.cancel()
      return (await follow(call, next, policy)).response
    } catch (error) {
      const mayRespond = policy.withoutToken === 'respond' && error instanceof EvertokenError
      if (!mayRespond || error.code === 'redirect_refused') throw error
      return problem(401, error)
    }
  }
}

interface Call {
  readonly input: string | URL | Request
  readonly init: RequestInit
  readonly first: Hop
  readonly signal: AbortSignal | undefined
  readonly redirect: RequestRedirect
}

function prepare(input: string | URL | Request, init: RequestInit, baseUrl: string | undefined): Call {
  // Not by `instanceof Request`: frameworks bring classes of their own.
  const request = typeof input === 'string' || input instanceof URL ? undefined : input
  const url = request ? new URL(request.url) : resolve(input as string | URL, baseUrl)
  const method = (init.method ?? request?.method ?? 'GET').toUpperCase()
  const headers = new Headers(init.headers ?? request?.headers)
  const body = init.body == null ? (request?.body ? 'spent' : 'none') : bodyKind(init.body)
  return {
    input: request ?? url,
    init,
    first: { url, method, headers, body, trusted: true },
    signal: init.signal ?? request?.signal ?? undefined,
    redirect: init.redirect ?? request?.redirect ?? 'follow',
  }
}

function resolve(input: string | URL, baseUrl: string | undefined): URL {
  if (!URL.canParse(input, baseUrl)) {
    throw new ConfigurationError(
      'origin_not_allowed',
      'Cannot call a URL that is not absolute: set "baseUrl"',
    )
  }
  return new URL(input, baseUrl)
}

/** A stream can be sent once; everything else again. */
function bodyKind(body: BodyInit): Hop['body'] {
  const isStream = body instanceof ReadableStream || Symbol.asyncIterator in Object(body)
  return isStream && !(body instanceof Blob) ? 'spent' : 'replayable'
}

/** `trusted`: whether whoever answered was shown the token. */
async function follow(
  call: Call,
  token: AccessToken,
  policy: TokenFetchPolicy,
): Promise<{ readonly response: Response; readonly trusted: boolean }> {
  let hop = call.first
  for (let hops = 0; hops <= MAX_HOPS; hops++) {
    const response = await send(call, hop, token, policy.fetch)
    const { trusted } = hop
    if (call.redirect === 'manual') return { response, trusted }
    const next = nextHop(hop, response.status, response.headers.get('location'), policy.prefixes)
    if (next === 'arrived') return { response, trusted }
    await response.body?.cancel()
    if (next === 'refused' || call.redirect === 'error') break
    hop = next
  }
  const message = 'Cannot follow the redirect: it leads out of "allowedUrls", or nowhere'
  throw new ConfigurationError('redirect_refused', message)
}

function send(call: Call, hop: Hop, token: AccessToken, fetch: TokenFetch): Promise<Response> {
  const headers = new Headers(hop.headers)
  if (hop.trusted) headers.set('authorization', `${token.type} ${token.value}`)
  const target = hop.url === call.first.url ? call.input : hop.url
  const init: RequestInit = { ...call.init, method: hop.method, headers, redirect: 'manual' }
  if (call.signal) init.signal = call.signal
  if (hop.body === 'none') delete init.body
  return fetch(target, init)
}

function notAllowed(url: URL): ConfigurationError {
  const message = `Cannot call '${url.origin}' with a token: add it to "allowedUrls"`
  return new ConfigurationError('origin_not_allowed', message)
}
