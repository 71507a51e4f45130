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
  readonly type: 'response'
  /** Default 200. */
  readonly status?: number
  /** Pairs can repeat a name. */
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [name: string, value: string])[]
  readonly body?: string | Uint8Array<ArrayBuffer>
  /** Default `false`. */
  readonly processed?: boolean
}

/** Only a status. Without a body, the response has no content type. */
export interface StatusFault {
  readonly type: 'status'
  readonly status: number
  readonly body?: string
  readonly contentType?: string
  readonly retryAfter?: RetryAfter
  readonly processed?: boolean
}

/** Answers with an OAuth error; the status defaults to 401 for `invalid_client` and to 400 for the others. */
export interface ErrorFault {
  readonly type: 'error'
  readonly error: string
  readonly status?: number
  readonly description?: string
  /** Sent as `DPoP-Nonce`, for `use_dpop_nonce` (RFC 9449 §8). */
  readonly nonce?: string
  readonly processed?: boolean
}

/** The status defaults to 307, which makes a careless client post its form to the other origin. */
export interface RedirectFault {
  readonly type: 'redirect'
  readonly to: string
  readonly status?: number
  readonly processed?: boolean
}

/** The connection breaks: `fetch` rejects with a `TypeError`, a socket is destroyed. */
export interface ResetFault {
  readonly type: 'reset'
  readonly processed: boolean
}

/** Silence before the headers, until `server.release()`; then the honest answer. */
export interface HangFault {
  readonly type: 'hang'
  readonly processed?: boolean
}

/** Processed; silence after half of the body, until `server.release()`. */
export interface HangBodyFault {
  readonly type: 'hangBody'
}

/** Processed; the body comes one byte at a time. */
export interface TrickleFault {
  readonly type: 'trickle'
  /** Default 1000, on the server's clock. */
  readonly everyMs?: number
}

/** Status 200 with another body. `huge` is 10 MB of otherwise good JSON, `textPlain` good JSON with that type. */
export interface BodyFault {
  readonly type: 'body'
  readonly body: 'html' | 'cutJson' | 'array' | 'null' | 'empty' | 'duplicateKeys' | 'huge' | 'textPlain'
  /** Default `true`. */
  readonly processed?: boolean
}

/** Processed; members of the JSON answer replaced by any value (`expires_in: '1e9'`) or left out. */
export interface MembersFault {
  readonly type: 'members'
  readonly set?: Readonly<Record<string, unknown>>
  readonly omit?: readonly string[]
}

/** Processed; the answer carries this as its refresh token, and the one presented stays good unless `spend`. */
export interface RefreshTokenFault {
  readonly type: 'refreshToken'
  readonly value: 'none' | 'same' | 'empty' | 'number'
  readonly spend?: boolean
}

/** Processed; the access token has this scope, the grant keeps its own. */
export interface ScopeFault {
  readonly type: 'scope'
  readonly scope: string
}

/** Processed; an ID token with these claims on top (another `sub`), or with a bad signature. */
export interface IdTokenFault extends IdTokenTweak {
  readonly type: 'idToken'
}

/**
 * A delay on the server's clock. `before` (the default) processes the request late. `after` processes it immediately and
 * sends the response late. The request takes effect even after an abort.
 */
export interface DelayFault<Next = Fault> {
  readonly type: 'delay'
  readonly ms: number
  readonly when?: 'before' | 'after'
  readonly next?: Next | undefined
}

/** Holds a request where the test can wait for it. Made by `pauseBeforeProcessing` and `pauseAfterProcessing`. */
export interface PauseFault<Next = Fault> extends Hold {
  readonly type: 'pause'
  readonly when: 'before' | 'after'
  readonly next?: Next | undefined
}

/** After the release, the request takes effect even if its sender aborted it, like behind a slow proxy. */
export function pauseBeforeProcessing<const Next = never>(next?: Next): PauseFault<Next> {
  return { type: 'pause', when: 'before', next, ...createHold() }
}

/** The request takes effect before the pause. */
export function pauseAfterProcessing<const Next = never>(next?: Next): PauseFault<Next> {
  return { type: 'pause', when: 'after', next, ...createHold() }
}

/** Whether a request that meets this fault takes effect (at the latest when it is released). */
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
