import { allowInsecureRequests, customFetch } from 'oauth4webapi'
import { toServerRequest, type TokenRequestProfile } from '../../rules/protocol/token-request-form.ts'
import type { Http } from './http.ts'

/** Options for the HTTP requests of oauth4webapi. */
export interface Wire {
  readonly [customFetch]: Http
  readonly [allowInsecureRequests]: boolean
}

/**
 * Creates the options with which oauth4webapi sends requests.
 *
 * @param profile - How requests with a form differ at this server.
 */
export function createWire(http: Http, profile?: TokenRequestProfile): Wire {
  const adapted: Http = (url, init: RequestInit = {}) => {
    if (!profile || !(init.body instanceof URLSearchParams)) return http(url, init)
    const request = toServerRequest({ url, init }, profile)
    return http(request.url, request.init)
  }
  return {
    [customFetch]: profile ? adapted : http,
    // `http` decides which URLs are safe.
    [allowInsecureRequests]: true,
  }
}
