import type { ProcessEnvironment } from '../rules/several-processes.ts'
import type { Flights } from './flights.ts'

/** What an adapter supplies. */
export interface Runtime {
  /** Carries a value through everything that is called, or scheduled, while a request is handled. */
  readonly context: RequestContext
  /** Shares one refresh among the callers of this process. */
  readonly flights: Flights
  /**
   * Milliseconds between two looks at work of another request, for runtimes in which no request can wake another one.
   * `undefined` where it can.
   */
  readonly pollMs?: number
  /** For requests that come without one of their own. */
  readonly keepAlive: KeepAlive
  /**
   * Keeps what calls have brought fit to be passed on: `createHeldResponses`. `undefined` where the runtime does so by
   * itself, as Cloudflare Workers do.
   */
  readonly responses: (() => HeldResponses) | undefined
  /** Shows whether the process is one of several. `undefined` if nothing can show that. */
  readonly environment?: ProcessEnvironment
}

/** The responses that the calls of one request have brought. */
export interface HeldResponses {
  /** Returns the response with headers that fit its body, which the runtime has decoded. */
  hold(response: Response): Response
  /** Holds them for as long as this response is held. */
  passTo(response: Response): void
}

/**
 * Keeps work alive after the response was sent or the client left, if the runtime would otherwise end it. The promise
 * never rejects. An example is `waitUntil` of the platform.
 */
export type KeepAlive = (work: Promise<unknown>) => void

export interface RequestContext {
  run<T>(value: object, work: () => T): T
  get(): object | undefined
}
