import type { SessionIndex, SessionStore } from '@evertoken/core'

/** One operation of a process on the store that all processes share. */
export interface StoreOperation<T> {
  readonly kind: 'read' | 'swap' | 'remove' | 'index'
  /** Everything that leaves the process. */
  readonly sent: readonly (string | undefined)[]
  /** Lets the store perform it, at one moment. */
  apply(): Promise<T>
  /** The result if the store did not perform it, but responds. */
  readonly lost: T
}

export interface StoreLinkOptions {
  readonly store: SessionStore
  /** Takes an operation to the store, and brings its result back. This is where a test lets it fail. */
  carry<T>(operation: StoreOperation<T>): Promise<T>
  /** The store has taken a record of a key. `undefined`: it was removed. */
  committed(key: string, sealed: string | undefined): Promise<void> | void
}

/** The connection of one process to the store. */
export function linkStore({ store, carry, committed }: StoreLinkOptions): SessionStore {
  return {
    consistency: 'strong',
    ...(store.index && { index: linkIndex(store.index, carry) }),
    read: (key) => carry({ kind: 'read', sent: [key], apply: () => store.read(key), lost: undefined }),
    swap(key, expected, sealed, expiresAt, hint) {
      async function apply() {
        const won = await store.swap(key, expected, sealed, expiresAt, hint)
        if (won) await committed(key, sealed)
        return won
      }
      return carry({ kind: 'swap', sent: [key, expected, sealed], apply, lost: false })
    },
    remove(key) {
      async function apply() {
        await store.remove(key)
        await committed(key, undefined)
      }
      return carry({ kind: 'remove', sent: [key], apply, lost: undefined })
    },
  }
}

function linkIndex(index: SessionIndex, carry: StoreLinkOptions['carry']): SessionIndex {
  return {
    add: (term, key, expiresAt) =>
      carry({
        kind: 'index',
        sent: [term, key],
        apply: () => index.add(term, key, expiresAt),
        lost: undefined,
      }),
    keys: (term) => carry({ kind: 'index', sent: [term], apply: () => index.keys(term), lost: [] }),
    remove: (term, key) =>
      carry({ kind: 'index', sent: [term, key], apply: () => index.remove(term, key), lost: undefined }),
  }
}
