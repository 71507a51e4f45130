import type { SessionStore } from '@evertoken/core'

/** One thing a session store must do; `run` rejects with an error that describes the difference. */
export interface ContractCase {
  /** The name of the test. */
  readonly name: string
  /** Runs the case. Rejects if the store does not fulfill it. */
  run(): Promise<void>
}

/** The parts of a case: its store, and keys and times that no other case uses. */
export interface Bench {
  readonly store: SessionStore
  /** Another connection to the same data; without one, the same store. */
  readonly second: SessionStore
  /** Another key at every call, which no other case uses. */
  readonly key: (label?: string) => string
  /** Seconds since the epoch, so many seconds from now. */
  readonly inSeconds: (seconds: number) => number
  readonly waitUntilExpired: (seconds: number) => Promise<void>
  /** In characters. */
  readonly largestRecord: number
  /** Opens the data as a process with its own wall clock does, if the store can be given one. */
  readonly openWithClock?: (() => Promise<WrongProcess>) | undefined
}

/** A process whose wall clock is right until it jumps. */
export interface WrongProcess {
  readonly store: SessionStore
  jump(seconds: number): void
}

export type Cases = Readonly<Record<string, (bench: Bench) => Promise<void>>>

/** How long records live that are not there to expire. */
export const LONG_SECONDS = 600
