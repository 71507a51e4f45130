/** The purpose of a request. */
export type Act =
  | 'token'
  | 'api'
  | 'proxy'
  | 'user'
  | 'touch'
  | 'revoke'
  | 'end'
  | 'logout'
  | 'back-channel logout'
  | 'login'

/** One request of a browser. Times are milliseconds. */
export interface Visit {
  readonly id: string
  readonly act: Act
  readonly user: string
  readonly resource: string
  readonly isProbe: boolean
  /** For how long the cookie that it sends has not been the newest one of the browser. */
  readonly oldMs: number
  /** For how long the application holds the request. */
  readonly holdMs: number
  /** Whether it uses the session first, and not after that time. */
  readonly usesFirst: boolean
  /** Whether the response is sent first, as in a stream. */
  readonly isStream: boolean
  /** After which the browser leaves; `Infinity` if it does not. */
  readonly abortMs: number
  /** The session whose cookie the browser sends. */
  readonly presented: Presented | undefined
}

/** The session that the cookie of a browser leads to. */
export interface Presented {
  readonly key: string
  /** Only a cookie that carries the session has one. */
  readonly generation: number | undefined
}

/** Acts after which the browser is signed out. */
export const ENDING: readonly Act[] = ['end', 'logout']
