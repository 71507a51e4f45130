import { append, createList, type Linked, type LinkedList, unlink } from './linked-list.ts'

/** An entry that has an owner. Only `FairOrder` sets the links of the entry. */
export interface Owned<T> extends Linked<T> {
  owner: Owner<T> | undefined
}

interface Owner<T> extends Linked<Owner<T>> {
  readonly name: string
  readonly entries: LinkedList<T>
}

/**
 * Decides which entry is dropped when there are too many: the oldest entry of the owner with the most entries.
 *
 * One owner can therefore not displace the entries of other owners. If several owners have the same number of entries,
 * the owner whose number has been unchanged for longest loses an entry. If each owner has one entry, the entry that
 * was written first is therefore dropped.
 */
export interface FairOrder<T> {
  readonly size: number
  append(entry: T, owner: string): void
  remove(entry: T): void
  /** Returns the entry that is dropped next. */
  next(): T | undefined
}

/** Creates a fair order in which every operation takes constant time. */
export function createFairOrder<T extends Owned<T>>(): FairOrder<T> {
  const owners = new Map<string, Owner<T>>()
  /** Groups the owners by the number of their entries. */
  const byCount: (LinkedList<Owner<T>> | undefined)[] = []
  let most = 0
  let size = 0

  function change(owner: Owner<T>, step: () => void): void {
    const before = byCount[owner.entries.size]
    if (owner.entries.size > 0 && before) unlink(before, owner)
    step()
    const count = owner.entries.size
    if (count > 0) append((byCount[count] ??= createList()), owner)
    else owners.delete(owner.name)
    most = Math.max(most, count)
    while (most > 0 && !byCount[most]?.size) most--
  }

  return {
    get size() {
      return size
    },
    append(entry, name) {
      const owner = owners.get(name) ?? { name, entries: createList<T>() }
      owners.set(name, owner)
      entry.owner = owner
      change(owner, () => append(owner.entries, entry))
      size++
    },
    remove(entry) {
      const { owner } = entry
      if (!owner) return
      change(owner, () => unlink(owner.entries, entry))
      entry.owner = undefined
      size--
    },
    next: () => byCount[most]?.oldest?.entries.oldest,
  }
}
