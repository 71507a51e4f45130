import type { SessionIndex, SessionStore } from '@evertoken/core'
import type { StoreRequest } from '@evertoken/testkit'

/** One operation of a process on the store that all processes share. */
export interface StoreOperation<T> extends StoreRequest {
  /** Lets the store perform it, at one moment. */
  apply(): Promise<T>
  /** The result if the store did not perform it, but responds. */
  readonly lost: T
}

export interface StoreLinkOptions {
  readonly store: SessionStore
  /** Takes an operation to the store, and brings its result back. This is where a test lets it fail. */
  carry?<T>(operation: StoreOperation<T>): Promise<T>
  /** The store has taken a record of a key. `undefined`: it was removed. */
  committed?(key: string, sealed: string | undefined): Promise<void> | void
}

/** The connection of one process to the store. */
export function linkStore({
  store,
  carry = ({ apply }) => apply(),
  committed = () => undefined,
}: StoreLinkOptions): SessionStore {
  return {
    consistency: 'strong',
    ...(store.index && { index: linkIndex(store.index, carry) }),
    read: (key) => carry({ kind: 'read', key, apply: () => store.read(key), lost: undefined }),
    swap(key, expected, record, expiresAt, hint) {
      async function apply() {
        const won = await store.swap(key, expected, record, expiresAt, hint)
        if (won) await committed(key, record)
        return won
      }
      return carry({ kind: 'swap', key, expected, record, apply, lost: false })
    },
    remove(key) {
      async function apply() {
        await store.remove(key)
        await committed(key, undefined)
      }
      return carry({ kind: 'remove', key, apply, lost: undefined })
    },
  }
}

function linkIndex(index: SessionIndex, carry: NonNullable<StoreLinkOptions['carry']>): SessionIndex {
  const kind = 'index'
  return {
    add: (term, key, expiresAt) =>
      carry({ kind, term, key, apply: () => index.add(term, key, expiresAt), lost: undefined }),
    keys: (term) => carry({ kind, term, apply: () => index.keys(term), lost: [] }),
    remove: (term, key) => carry({ kind, term, key, apply: () => index.remove(term, key), lost: undefined }),
  }
}
