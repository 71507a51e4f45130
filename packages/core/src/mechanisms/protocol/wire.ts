import * as oauth from 'oauth4webapi'
import type { Http } from '../http.ts'

/** How requests go over the wire, for oauth4webapi. */
export interface Wire {
  readonly [oauth.customFetch]: (url: string, init: object) => Promise<Response>
  readonly [oauth.allowInsecureRequests]: boolean
}

/** @param insecure - Whether plain http is allowed: only for an issuer on loopback. */
export function createWire(http: Http, insecure: boolean, maxBytes: number): Wire {
  return {
    [oauth.customFetch]: (url, init) => http(url, init, maxBytes),
    [oauth.allowInsecureRequests]: insecure,
  }
}
