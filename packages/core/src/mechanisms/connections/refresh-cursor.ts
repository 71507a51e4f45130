import type { Clock } from '../../ports/clock.ts'
import type { ListingPosition } from '../../rules/connections/refresh-listing.ts'
import { sha256 } from '../runtime/digest.ts'
import type { Seal } from '../sessions/seal.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'

/** The connections that a run has not visited. */
export interface Unvisited {
  /** The first connection, because the run was cut. */
  readonly first?: ListingPosition | undefined
  /** The first grant at each provider that is left to another run. */
  readonly left?: readonly (readonly [provider: string, first: ListingPosition])[]
}

/**
 * Remembers where a run has stopped, so that the next one continues there, also in another process. If each run began with the
 * oldest grants, those that always fail, or that a provider always refuses, would use up every run.
 */
export interface RefreshCursor {
  /** Resolves to what the last run has left. */
  read(): Promise<Unvisited>
  /** Stores the connections that a run has left. */
  write(unvisited: Unvisited): Promise<void>
}

export interface RefreshCursorOptions {
  readonly store: Pick<GuardedStore, 'read' | 'swap' | 'remove'>
  readonly seal: Seal
  readonly clock: Pick<Clock, 'now'>
  /** Distinguishes the runs that visit other connections. */
  readonly purpose: readonly unknown[]
}

/** An older place does not show which connections are due now. */
const KEPT_SECONDS = 30 * 86_400
/** Each owner can have other servers. Without its place, a run begins with the oldest grant of the provider. */
const MAX_PROVIDERS = 100

export function createRefreshCursor({ store, seal, clock, purpose }: RefreshCursorOptions): RefreshCursor {
  let held: string | undefined
  // Applications with other secrets can share the store. They cannot refresh each other's grants.
  const keyOf = async () => sha256(JSON.stringify(['refresh cursor', await seal.keyIds(), ...purpose]))

  return {
    async read() {
      held = await store.read(await keyOf())
      const result = held === undefined ? undefined : await seal.unseal(held)
      return result && 'value' in result ? (result.value as Unvisited) : {}
    },
    async write({ first, left = [] }) {
      const key = await keyOf()
      if (first || left.length > 0) {
        const sealed = await seal.seal({ first, left: left.slice(0, MAX_PROVIDERS) })
        // If another run has stored its place in the meantime, that one is as good.
        await store.swap(key, held, sealed, clock.now() + KEPT_SECONDS)
      } else if (held !== undefined) await store.remove(key)
    },
  }
}
