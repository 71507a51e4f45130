import type * as oauth from 'oauth4webapi'
import type { Http } from '../http.ts'

/** Options for the HTTP requests of oauth4webapi. */
export interface Wire {
  readonly [oauth.customFetch]: Http
  readonly [oauth.allowInsecureRequests]: boolean
}
