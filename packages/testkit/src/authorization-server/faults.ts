import { type Hold, createHold } from '../hold.ts'
import type {
  BodyFault,
  ErrorFault,
  IdTokenFault,
  MembersFault,
  ParametersFault,
  RedirectFault,
  RefreshTokenFault,
  ResponseFault,
  ScopeFault,
  StatusFault,
} from './response-faults.ts'

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
  | ParametersFault
  | IdTokenFault
  | DelayFault
  | PauseFault

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
  /**
   * Milliseconds between two bytes, on the server's clock.
   *
   * @default 1000
   */
  readonly everyMs?: number
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
