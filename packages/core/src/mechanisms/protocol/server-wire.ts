import { allowInsecureRequests, customFetch } from 'oauth4webapi'
import type { CustomTokenRequest } from '../../rules/protocol/token-request-form.ts'
import { customMechanismOf } from './custom-requests.ts'
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
export function adaptWire(wire: Wire, custom: CustomTokenRequest | undefined): Wire {
  const send = custom && customMechanismOf(custom)?.adapt(wire[customFetch], custom)
  return send ? { ...wire, [customFetch]: send } : wire
}
