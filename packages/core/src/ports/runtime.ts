import type { Flights } from './flights.ts'

/** What an adapter supplies. */
export interface Runtime {
  /** Carries a value through everything that is called, or scheduled, while a request is handled. */
  readonly context: RequestContext
  /** Shares one refresh among the callers of this process. */
  readonly flights: Flights
  /** Keeps work alive after the response was sent, where the runtime would end it. */
  keepAlive(work: Promise<unknown>): void
}

export interface RequestContext {
  run<T>(value: object, work: () => T): T
  get(): object | undefined
}
