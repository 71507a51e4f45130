import { type Clock, EvertokenError, TryLaterError } from '@evertoken/core'
import { createHttp, type Http, isJsonObject, redact } from '@evertoken/core/adapter'
import type { CheckUrl } from './safe-urls.ts'

/** A JSON object from a server. */
export type Document = Readonly<Record<string, unknown>>

/** Sends requests to the servers that one MCP server names. */
export interface Requests {
  readonly http: Http
  /**
   * Fetches a JSON document. Resolves to `undefined` if the server has none at the URL.
   *
   * @param what - The URL in a message.
   */
  get(url: URL | string, what: string): Promise<Document | undefined>
  readonly checkUrl: CheckUrl
}

export interface RequestOptions {
  readonly fetch: typeof globalThis.fetch | undefined
  readonly clock: Clock
  readonly timeoutMs: number
  readonly checkUrl: CheckUrl
}

/** Creates functions that limit time and size, and follow no redirect. Each URL is checked before it is requested. */
export function createRequests({
  fetch = globalThis.fetch,
  clock,
  timeoutMs,
  checkUrl,
}: RequestOptions): Requests {
  const addresses = { isSafe: () => true, reach: (url: string) => url }
  const http = createHttp({ fetch: (...request) => fetch(...request), addresses, clock, timeoutMs })
  return {
    http,
    checkUrl,
    async get(given, what) {
      const { href } = checkUrl(given, what)
      const response = await http(href, { headers: { accept: 'application/json' } }).catch(unavailable)
      // Only a clear refusal shows that the document does not exist. Otherwise, an outage would select another server.
      if (isUnavailable(response)) return unavailable({ status: response.status })
      if (response.status !== 200) return undefined
      const document: unknown = await response.json().catch(() => undefined)
      return isJsonObject(document) ? document : undefined
    },
  }
}

/** How soon a server that has failed can be tried again, in seconds. */
const RETRY_SECONDS = 5

/** Whether a response shows that a server cannot answer now. */
export function isUnavailable({ status }: Pick<Response, 'status'>): boolean {
  return status >= 500 || status === 429
}

/** @throws {TryLaterError} Always. */
export function unavailable(cause: unknown): never {
  if (cause instanceof EvertokenError) throw cause
  const message = 'The MCP server or its authorization server does not respond. Try again later.'
  throw new TryLaterError('authorization_server_unavailable', message, {
    retryAfterSeconds: RETRY_SECONDS,
    cause: redact(cause),
  })
}

/** The scope is part of the authorization URL, and many servers accept only 8 KB. */
const MAX_SCOPE_CHARACTERS = 2048
/** Matches a scope, which has visible ASCII without quotes and backslashes (RFC 6749 §3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e ]*$/

/** Whether a scope that an MCP server names can be requested. */
export function isUsableScope(scope: string): boolean {
  return scope.length <= MAX_SCOPE_CHARACTERS && SCOPE.test(scope)
}

/** Returns the members of a list that are texts. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string' && each !== '') : []
}
