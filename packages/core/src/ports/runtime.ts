import type { ProcessEnvironment } from '../rules/stores/several-processes.ts'
import type { Flights } from './flights.ts'

/** The functions that an adapter provides. */
export interface Runtime {
  /** Carries a value through all calls, also scheduled ones, while a request is handled. */
  readonly context: RequestContext
  /** Shares one refresh among the callers of this process. */
  readonly flights: Flights
  /**
   * The interval, in milliseconds, at which a request polls for the work of another one. It is set for runtimes in
   * which no request can wake another one, and `undefined` for all others.
   */
  readonly pollMs?: number
  /** The default for requests without their own `keepAlive`. */
  readonly keepAlive: KeepAlive
  /**
   * Returns the response of an API with headers that can be changed, and that fit its body. Default: a copy with all
   * headers, for runtimes that pass an encoded body on as it is, such as Cloudflare Workers.
   */
  readonly fitHeaders?: ((response: Response) => Response) | undefined
  /** Shows whether the process is one of several. `undefined` if nothing can show that. */
  readonly environment?: ProcessEnvironment
}

/**
 * Keeps work alive after the response was sent or the client left, if the runtime would otherwise end it. The promise
 * never rejects. An example is `waitUntil` of the platform.
 */
export type KeepAlive = (work: Promise<unknown>) => void

/** Finds the value of the request being handled, as `AsyncLocalStorage` does. */
export interface RequestContext {
  /** Calls `work`. In it and in everything that it starts, `get` returns the value. */
  run<T>(value: object, work: () => T): T
  /** Returns the value, or `undefined` outside of `run`. */
  get(): object | undefined
  /**
   * What to use outside a request, for the message of an error, as the end of "Elsewhere, use". Default: the functions of
   * most runtimes.
   */
  readonly elsewhere?: string
}
