import type { Clock } from '../../ports/clock.ts'
import type { ListingPosition } from '../../rules/connections/refresh-listing.ts'
import { sha256 } from '../runtime/digest.ts'
import type { Seal } from '../sessions/seal.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'

/**
 * Remembers where a run has stopped, so that the next one continues there, also in another process. If each run began with the
 * oldest grants, those that always fail would use up every run.
 */
export interface RefreshCursor {
  /** Resolves to the place of the first connection that the last run has not visited. `undefined`: the first one. */
  read(): Promise<ListingPosition | undefined>
  /** Stores a place. `undefined`: the run has visited all connections. */
  write(position: ListingPosition | undefined): Promise<void>
}

export interface RefreshCursorOptions {
  readonly store: Pick<GuardedStore, 'read' | 'swap' | 'remove'>
  readonly seal: Seal
  readonly clock: Pick<Clock, 'now'>
  /** Distinguishes the runs that visit other connections. */
  readonly purpose: readonly unknown[]
}

/** A place that is older says little about the connections that are due now. */
const KEPT_SECONDS = 30 * 86_400

export function createRefreshCursor({ store, seal, clock, purpose }: RefreshCursorOptions): RefreshCursor {
  let held: string | undefined
  // Applications with other secrets can share the store. They cannot refresh each other's grants.
  const keyOf = async () => sha256(JSON.stringify(['refresh cursor', await seal.keyIds(), ...purpose]))

  return {
    async read() {
      held = await store.read(await keyOf())
      const result = held === undefined ? undefined : await seal.unseal(held)
      return result && 'value' in result ? (result.value as ListingPosition) : undefined
    },
    async write(position) {
      const key = await keyOf()
      if (position)
        // If another run has stored its place in the meantime, that one is as good.
        await store.swap(key, held, await seal.seal(position), clock.now() + KEPT_SECONDS)
      else if (held !== undefined) await store.remove(key)
    },
  }
}
