import type { IdTokenTweak, ParameterTweak } from './model.ts'
import type { RetryAfter } from './retry-after.ts'

/** Any response. Headers that it contains replace those of the server, `Date` and `Age` too. */
export interface ResponseFault {
  /** Selects this fault. */
  readonly type: 'response'
  /**
   * The HTTP status.
   *
   * @default 200
   */
  readonly status?: number
  /**
   * The response headers. Pairs can repeat a name.
   *
   * @default none
   */
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [name: string, value: string])[]
  /** The response body. By default, there is none. */
  readonly body?: string | Uint8Array<ArrayBuffer>
  /**
   * Whether the request takes effect first.
   *
   * @default false
   */
  readonly processed?: boolean
}

/** Only a status. Without a body, the response has no content type. */
export interface StatusFault {
  /** Selects this fault. */
  readonly type: 'status'
  /** The HTTP status. */
  readonly status: number
  /** The response body. By default, there is none. */
  readonly body?: string
  /** The value of `Content-Type`. By default, there is none. */
  readonly contentType?: string
  /** The value of `Retry-After`. By default, there is none. */
  readonly retryAfter?: RetryAfter
  /**
   * Whether the request takes effect first.
   *
   * @default false
   */
  readonly processed?: boolean
}

/** Responds with an OAuth error. The status defaults to 401 for `invalid_client` and to 400 for the others. */
export interface ErrorFault {
  /** Selects this fault. */
  readonly type: 'error'
  /** The OAuth error code, such as `invalid_grant`. */
  readonly error: string
  /**
   * The HTTP status.
   *
   * @default 401 for `invalid_client`, 400 for the others
   */
  readonly status?: number
  /**
   * The value of `error_description`.
   *
   * @default 'Scripted'
   */
  readonly description?: string
  /** Sent as `DPoP-Nonce`, for `use_dpop_nonce` (RFC 9449 §8). */
  readonly nonce?: string
  /**
   * Whether the request takes effect first.
   *
   * @default false
   */
  readonly processed?: boolean
}

/** The status defaults to 307, which makes a careless client post its form to the other origin. */
export interface RedirectFault {
  /** Selects this fault. */
  readonly type: 'redirect'
  /** The value of `Location`. */
  readonly to: string
  /**
   * The HTTP status.
   *
   * @default 307
   */
  readonly status?: number
  /**
   * Whether the request takes effect first.
   *
   * @default false
   */
  readonly processed?: boolean
}

/** Status 200 with another body. `huge` is 10 MB of otherwise good JSON, `textPlain` good JSON with that type. */
export interface BodyFault {
  /** Selects this fault. */
  readonly type: 'body'
  /** The kind of body that replaces the JSON. */
  readonly body: 'html' | 'cutJson' | 'array' | 'null' | 'empty' | 'duplicateKeys' | 'huge' | 'textPlain'
  /**
   * Whether the request takes effect first.
   *
   * @default true
   */
  readonly processed?: boolean
}

/** Processed; members of the JSON answer replaced by any value (`expires_in: '1e9'`) or left out. */
export interface MembersFault {
  /** Selects this fault. */
  readonly type: 'members'
  /** Members that are added or replaced. By default, none. */
  readonly set?: Readonly<Record<string, unknown>>
  /** Names of members that are removed. By default, none. */
  readonly omit?: readonly string[]
}

/** Processed; the answer carries this as its refresh token, and the one presented stays good unless `spend`. */
export interface RefreshTokenFault {
  /** Selects this fault. */
  readonly type: 'refreshToken'
  /** The refresh token of the response: none, the presented one, an empty string or a number. */
  readonly value: 'none' | 'same' | 'empty' | 'number'
  /**
   * Whether the presented refresh token is rotated all the same.
   *
   * @default false
   */
  readonly spend?: boolean
}

/** Processed; the access token has this scope, the grant keeps its own. */
export interface ScopeFault {
  /** Selects this fault. */
  readonly type: 'scope'
  /** The scope of the access token, separated by spaces. */
  readonly scope: string
}

/**
 * Processed; the browser returns with other parameters. This applies to the kinds `authorize` and `endSession`.
 */
export interface ParametersFault extends ParameterTweak {
  /** Selects this fault. */
  readonly type: 'parameters'
}

/** Processed; an ID token with other claims (another `sub`), another header, or a bad signature. */
export interface IdTokenFault extends IdTokenTweak {
  /** Selects this fault. */
  readonly type: 'idToken'
}
