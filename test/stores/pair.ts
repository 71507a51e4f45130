import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionStore } from '@evertoken/core'

/** A primary database and its replica. */
export interface Pair {
  /** Connects to the current primary. */
  connect(): Promise<PairConnection>
  /** From here on, no write reaches the replica. */
  cutReplication(): void
  /** Whether this number of writes waits for the replica now. */
  isBlocked(writes: number): Promise<boolean>
  /** Kills the primary and promotes the replica. */
  failOver(): Promise<void>
  stop(): Promise<void>
}

export interface PairConnection {
  readonly store: SessionStore
  close(): Promise<void>
}

const POLL_MS = 10
const DEADLINE_MS = 20_000

/** Waits for a state of other processes, which cannot announce it. */
export async function waitUntil(reached: () => Promise<boolean>, description: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await reached())) {
    if (performance.now() > deadline) throw new Error(`${description} did not happen in time`)
    await sleep(POLL_MS)
  }
}
