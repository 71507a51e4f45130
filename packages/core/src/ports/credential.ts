import type { Hop } from '../rules/calls/redirect.ts'
import type { AuthorizationHeaders, AuthorizedRequest } from '../vocabulary/index.ts'

/** The options of a request, to which headers can be added. */
export interface OpenRequestInit extends RequestInit {
  headers?: Headers | AuthorizationHeaders
}

/** One request to an API, without a token. */
export interface TokenlessRequest {
  readonly fetch: (target: string | Request, init: OpenRequestInit) => Promise<Response>
  /** The URL of the hop, or a request for it. */
  readonly target: string | Request
  readonly init: OpenRequestInit
  readonly hop: Hop
  /** A copy of the body of `target`, after it was sent. */
  readonly copy?: { take(): Uint8Array<ArrayBuffer> | undefined } | undefined
}

/** Puts one access token on requests to an API, and reads the responses. */
export interface Credential {
  /** The value of the token. It identifies the token if an API has rejected it. */
  readonly token: string
  /**
   * Returns the headers for one request, for clients other than `fetch`.
   *
   * A promise only if the headers need asynchronous work, such as a signature.
   */
  authorize(request: AuthorizedRequest): AuthorizationHeaders | Promise<AuthorizationHeaders>
  /**
   * Sends one request with the token. Call it again for each redirect and each retry.
   *
   * If the API asks for another proof of the same token, the request is sent again, at most once.
   */
  send(request: TokenlessRequest): Promise<Response>
  /** Returns `'retry'` if the API has rejected the token, so that another one can help. Otherwise returns `'done'`. */
  readResponse(response: Pick<Response, 'status' | 'headers'>): 'retry' | 'done'
}
