import { allowInsecureRequests, customFetch } from 'oauth4webapi'
import { toServerRequest, type TokenRequestProfile } from '../../rules/protocol/token-request-form.ts'
import type { Http } from './http.ts'

/** Options for the HTTP requests of oauth4webapi. */
export interface Wire {
  readonly [customFetch]: Http
  readonly [allowInsecureRequests]: boolean
}

/** Creates the options with which oauth4webapi sends requests. */
export function createWire(http: Http): Wire {
  // `http` decides which URLs are safe.
  return { [customFetch]: http, [allowInsecureRequests]: true }
}

/**
 * Returns the options for standard requests with client authentication, which can differ at this server.
 *
 * @param wire - Gets the final request, so that a proof which it adds is for the right method and URL.
 */
export function adaptWire(wire: Wire, profile: TokenRequestProfile | undefined): Wire {
  if (!profile) return wire
  const send: Http = (url, init: RequestInit = {}) => {
    if (!(init.body instanceof URLSearchParams)) return wire[customFetch](url, init)
    const request = toServerRequest({ url, init }, profile)
    return wire[customFetch](request.url, request.init)
  }
  return { ...wire, [customFetch]: send }
}
