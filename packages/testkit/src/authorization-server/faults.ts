import { type Hold, createHold } from '../hold.ts'
import type { IdTokenTweak } from './model.ts'
import type { RetryAfter } from './retry-after.ts'

/** A failure of one request. If a fault has `processed`, `true` means that the request takes effect first. */
export type Fault =
  | ResponseFault
  | StatusFault
  | ErrorFault
  | RedirectFault
  | ResetFault
  | HangFault
  | HangBodyFault
  | TrickleFault
  | BodyFault
  | MembersFault
  | RefreshTokenFault
  | ScopeFault
  | IdTokenFault
  | DelayFault
  | PauseFault

/** Any response. Headers that it contains replace those of the server, `Date` and `Age` too. */
export interface ResponseFault {
  /** Selects this fault. */
  readonly type: 'response'
  /** Default 200. */
  readonly status?: number
  /** Pairs can repeat a name. */
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [name: string, value: string])[]
  /** The response body. By default, there is none. */
  readonly body?: string | Uint8Array<ArrayBuffer>
  /** Default `false`. */
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

/** Answers with an OAuth error; the status defaults to 401 for `invalid_client` and to 400 for the others. */
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

/** The connection breaks: `fetch` rejects with a `TypeError`, a socket is destroyed. */
export interface ResetFault {
  /** Selects this fault. */
  readonly type: 'reset'
  /** Whether the request takes effect first. */
  readonly processed: boolean
}

/** Silence before the headers, until `server.release()`; then the honest answer. */
export interface HangFault {
  /** Selects this fault. */
  readonly type: 'hang'
  /**
   * Whether the request takes effect before it hangs. Otherwise it takes effect after the release.
   *
   * @default false
   */
  readonly processed?: boolean
}

/** Processed; silence after half of the body, until `server.release()`. */
export interface HangBodyFault {
  /** Selects this fault. */
  readonly type: 'hangBody'
}

/** Processed; the body comes one byte at a time. */
export interface TrickleFault {
  /** Selects this fault. */
  readonly type: 'trickle'
  /** Default 1000, on the server's clock. */
  readonly everyMs?: number
}

/** Status 200 with another body. `huge` is 10 MB of otherwise good JSON, `textPlain` good JSON with that type. */
export interface BodyFault {
  /** Selects this fault. */
  readonly type: 'body'
  /** The kind of body that replaces the JSON. */
  readonly body: 'html' | 'cutJson' | 'array' | 'null' | 'empty' | 'duplicateKeys' | 'huge' | 'textPlain'
  /** Default `true`. */
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

/** Processed; an ID token with these claims on top (another `sub`), or with a bad signature. */
export interface IdTokenFault extends IdTokenTweak {
  /** Selects this fault. */
  readonly type: 'idToken'
}

/**
 * A delay on the server's clock. `before` (the default) processes the request late. `after` processes it immediately and
 * sends the response late. The request takes effect even after an abort.
 */
export interface DelayFault<Next = Fault> {
  /** Selects this fault. */
  readonly type: 'delay'
  /** The delay, in milliseconds. */
  readonly ms: number
  /**
   * Whether the delay is before or after the request takes effect.
   *
   * @default 'before'
   */
  readonly when?: 'before' | 'after'
  /** A fault that happens after the delay. By default, none. */
  readonly next?: Next | undefined
}

/** Holds a request where the test can wait for it. Made by `pauseBeforeProcessing` and `pauseAfterProcessing`. */
export interface PauseFault<Next = Fault> extends Hold {
  /** Selects this fault. */
  readonly type: 'pause'
  /** Whether the pause is before or after the request takes effect. */
  readonly when: 'before' | 'after'
  /** A fault that happens after the release. By default, none. */
  readonly next?: Next | undefined
}

/**
 * Creates a fault that holds a request before it takes effect, until the test releases it.
 *
 * After the release, the request takes effect even if its sender aborted it, like behind a slow proxy.
 *
 * @param next - A fault that happens after the release. By default, none.
 * @example
 *   const server = createAuthorizationServer()
 *   const pause = pauseBeforeProcessing()
 *   server.script('refresh', pause)
 *   await pause.reached // the refresh request has arrived
 *   pause.release()
 */
export function pauseBeforeProcessing<const Next = never>(next?: Next): PauseFault<Next> {
  return { type: 'pause', when: 'before', next, ...createHold() }
}

/**
 * Creates a fault that holds the response to a request that has taken effect, until the test releases it.
 *
 * @param next - A fault that happens after the release. By default, none.
 * @example
 *   const server = createAuthorizationServer()
 *   const pause = pauseAfterProcessing()
 *   server.script('refresh', pause)
 *   await pause.reached // the refresh token is used, and the client does not have its successor
 *   pause.release()
 */
export function pauseAfterProcessing<const Next = never>(next?: Next): PauseFault<Next> {
  return { type: 'pause', when: 'after', next, ...createHold() }
}

/**
 * Returns whether a request that meets this fault takes effect, at the latest when it is released.
 *
 * @param fault - A fault of the model authorization server.
 * @example
 *   const harmless = Object.values(FAULTS).filter((fault) => !isProcessed(fault))
 */
export function isProcessed(fault: Fault): boolean {
  if (isProcessedByChoice(fault)) return fault.processed ?? false
  if (fault.type === 'reset' || fault.type === 'body') return fault.processed ?? true
  const isHeldBefore = (fault.type === 'delay' || fault.type === 'pause') && fault.when !== 'after'
  return !isHeldBefore || fault.next === undefined || isProcessed(fault.next)
}

/** The faults that replace the response, and by default the processing too. */
function isProcessedByChoice(
  fault: Fault,
): fault is ResponseFault | StatusFault | ErrorFault | RedirectFault {
  return ['response', 'status', 'error', 'redirect'].includes(fault.type)
}
