import type { AuthorizationHeaders, AuthorizedRequest } from '../vocabulary/index.ts'

/** Puts one access token on requests to an API, and reads the responses. */
export interface Credential {
  /** The value of the token. It identifies the token if an API has rejected it. */
  readonly token: string
  /**
   * Returns the headers for one request. Call it again for each redirect and each retry.
   *
   * A promise only if the headers need asynchronous work, such as a signature.
   */
  authorize(request: AuthorizedRequest): AuthorizationHeaders | Promise<AuthorizationHeaders>
  /** Returns `'retry'` if the API has rejected the token, so that another one can help. Otherwise returns `'done'`. */
  readResponse(response: Pick<Response, 'status' | 'headers'>): 'retry' | 'done'
}
