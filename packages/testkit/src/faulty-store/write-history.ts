import type { SessionStore } from '@evertoken/core'

/** Enough for stale reads, and small enough for a test with 10,000 sessions. */
const MAX_VERSIONS = 11
/** Enough for a failover, and a bound for long runs. */
const MAX_WRITES = 10_000

interface Version {
  readonly record: string | undefined
  readonly expiresAt: number
}

interface Write {
  /** Milliseconds on the clock of the store that made the write. */
  readonly at: number
  undo(): Promise<void>
}

/** The writes that went to a store through all of its faulty wrappers. */
export interface WriteHistory {
  /** Whether a failover is in progress. The store is unreachable during that time. */
  readonly failingOver: boolean
  earlier(key: string, writes: number): Version | undefined
  swapped(at: number, key: string, before: string | undefined, after: Version): void
  removed(at: number, key: string): void
  indexAdded(at: number, term: string, key: string, expiresAt: number): void
  indexRemoved(at: number, term: string, key: string): void
  /** Undoes the last writes, newest first, and resolves to their number. */
  undo(which: { readonly writes: number } | { readonly since: number }): Promise<number>
}

const histories = new WeakMap<SessionStore, WriteHistory>()

/** Returns the history of a store. All wrappers of one store share it, as all processes share its data. */
export function historyOf(store: SessionStore): WriteHistory {
  const history = histories.get(store) ?? createWriteHistory(store)
  histories.set(store, history)
  return history
}

function createWriteHistory(store: SessionStore): WriteHistory {
  const versions = new Map<string, Version[]>()
  const pairs = new Map<string, number>()
  let writes: Write[] = []
  let failovers = 0

  function record(at: number, undo: Write['undo']) {
    writes.push({ at, undo })
    if (writes.length > 2 * MAX_WRITES) writes = writes.slice(-MAX_WRITES)
  }

  function addVersion(key: string, ...added: Version[]) {
    versions.set(key, [...(versions.get(key) ?? []), ...added].slice(-MAX_VERSIONS))
  }

  async function restore(key: string, { record: before, expiresAt }: Version) {
    if (before === undefined) await store.remove(key)
    else await overwrite(store, key, before, expiresAt)
    addVersion(key, { record: before, expiresAt })
  }

  async function undoLast(): Promise<boolean> {
    const last = writes.pop()
    await last?.undo()
    return last !== undefined
  }

  return {
    get failingOver() {
      return failovers > 0
    },
    earlier: (key, count) => versions.get(key)?.at(-1 - count),
    swapped(at, key, before, after) {
      const known = versions.get(key)?.at(-1)
      // The expiry of a record that was written around the wrapper is unknown.
      const replaced =
        known && known.record === before ? known : { record: before, expiresAt: after.expiresAt }
      addVersion(key, ...(replaced === known ? [] : [replaced]), after)
      record(at, () => restore(key, replaced))
    },
    removed(at, key) {
      const known = versions.get(key)?.at(-1)
      // A record that was written around the wrapper is unknown, and a failover cannot bring it back.
      if (!known) return
      addVersion(key, { record: undefined, expiresAt: known.expiresAt })
      record(at, () => restore(key, known))
    },
    indexAdded(at, term, key, expiresAt) {
      const pair = JSON.stringify([term, key])
      const before = pairs.get(pair)
      pairs.set(pair, expiresAt)
      record(at, async () => {
        if (before === undefined) await store.index?.remove(term, key)
      })
    },
    indexRemoved(at, term, key) {
      const pair = JSON.stringify([term, key])
      const before = pairs.get(pair)
      if (before === undefined) return
      pairs.delete(pair)
      record(at, async () => store.index?.add(term, key, before))
    },
    async undo(which) {
      failovers += 1
      try {
        let lost = 0
        const isLost = () =>
          'writes' in which ? lost < which.writes : (writes.at(-1)?.at ?? -Infinity) >= which.since
        while (isLost() && (await undoLast())) lost += 1
        return lost
      } finally {
        failovers -= 1
      }
    },
  }
}

/** A process that was in the middle of a swap can be faster once or twice. */
async function overwrite(store: SessionStore, key: string, record: string, expiresAt: number): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await store.swap(key, await store.read(key), record, expiresAt)) return
  }
  throw new Error(
    'Cannot restore a record for the failover. Check that `swap` of the wrapped store is atomic.',
  )
}
