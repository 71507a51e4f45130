import type * as oauth from 'oauth4webapi'
import type { Http } from '../http.ts'

/** How requests go over the wire, for oauth4webapi. */
export interface Wire {
  readonly [oauth.customFetch]: Http
  readonly [oauth.allowInsecureRequests]: boolean
}
