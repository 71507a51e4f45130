import type { SessionStore } from '@evertoken/core'

/** One thing a session store must do; `run` rejects with an error that says what it did instead. */
export interface ContractCase {
  readonly name: string
  run(): Promise<void>
}

/** What a case has at hand: its store, and keys and times nobody else uses. */
export interface Bench {
  readonly store: SessionStore
  /** Another connection to the same data; without one, the same store. */
  readonly second: SessionStore
  /** A key of its own for this case and this run. */
  key(label?: string): string
  /** Seconds since the epoch, so many seconds from now. */
  inSeconds(seconds: number): number
  waitUntilExpired(seconds: number): Promise<void>
}

export type Cases = Readonly<Record<string, (bench: Bench) => Promise<void>>>

/** How long records live that are not there to expire. */
export const LONG_SECONDS = 600
