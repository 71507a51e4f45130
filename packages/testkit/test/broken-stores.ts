import type { SessionIndex, SessionStore } from '@evertoken/core'
import { type Parts, createIndex } from './reference-store.ts'

export type Breakage = (parts: Parts, now: () => number) => Partial<SessionStore>

const later = () => new Promise((resolve) => setTimeout(resolve, 0))

/** Each named for its mistake, with the case that has to notice. */
export const BROKEN: Readonly<Record<string, readonly [caughtBy: string, Breakage]>> = {
  'waits between compare and set': [
    'lets one of many parallel swaps win',
    ({ entries, find }) => ({
      async swap(key, expected, record, expiresAt) {
        if (find(key) !== expected) return false
        await later()
        entries.set(key, { record, expiresAt })
        return true
      },
    }),
  ],
  'creates without comparing atomically': [
    'lets one of many parallel creations win',
    ({ store, find, entries }) => ({
      async swap(key, expected, record, expiresAt) {
        if (expected !== undefined) return store.swap(key, expected, record, expiresAt)
        if (find(key) !== undefined) return false
        await later()
        entries.set(key, { record, expiresAt })
        return true
      },
    }),
  ],
  'ignores the expected record': [
    'replaces no other record than the expected one',
    ({ entries }) => ({
      async swap(key, _expected, record, expiresAt) {
        entries.set(key, { record, expiresAt })
        return true
      },
    }),
  ],
  'swaps into nothing': [
    'brings no removed record back',
    ({ store, find }) => ({
      swap: (key, expected, record, expiresAt) =>
        store.swap(key, find(key) === undefined ? undefined : expected, record, expiresAt),
    }),
  ],
  'creates over a record': [
    'creates no record where there is one',
    ({ store, find }) => ({
      swap: (key, expected, record, expiresAt) => store.swap(key, expected ?? find(key), record, expiresAt),
    }),
  ],
  'returns true for a swap it lost': [
    'lets one of many parallel swaps win',
    ({ store }) => ({ swap: (...swap) => store.swap(...swap).then(() => true) }),
  ],
  'never expires': [
    'holds nothing after a record expired, and starts again',
    ({ store }) => ({
      swap: (key, expected, record) => store.swap(key, expected, record, Number.POSITIVE_INFINITY),
    }),
  ],
  'compares with expired records': [
    'holds nothing after a record expired, and starts again',
    ({ entries }) => ({
      async swap(key, expected, record, expiresAt) {
        if (entries.get(key)?.record !== expected) return false
        entries.set(key, { record, expiresAt })
        return true
      },
    }),
  ],
  'keeps the first expiry': [
    'extends the life of a record with a swap',
    ({ store, entries, find }) => ({
      swap: (key, expected, record, expiresAt) =>
        store.swap(key, expected, record, find(key) ? (entries.get(key)?.expiresAt ?? expiresAt) : expiresAt),
    }),
  ],
  'never shortens': [
    'shortens the life of a record with a swap',
    ({ store, entries }) => ({
      swap: (key, expected, record, expiresAt) =>
        store.swap(key, expected, record, Math.max(entries.get(key)?.expiresAt ?? 0, expiresAt)),
    }),
  ],
  'extends although it lost': [
    'keeps the expiry if a swap fails',
    ({ store, entries, find }) => ({
      async swap(key, expected, record, expiresAt) {
        const held = find(key)
        if (held !== undefined) entries.set(key, { record: held, expiresAt })
        return store.swap(key, expected, record, expiresAt)
      },
    }),
  ],
  'takes milliseconds for seconds': [
    'holds nothing after a record expired, and starts again',
    ({ store }) => ({
      swap: (key, expected, record, expiresAt) => store.swap(key, expected, record, expiresAt * 1000),
    }),
  ],
  'reads an earlier record': [
    'sees every completed write immediately, from every connection',
    ({ store }) => {
      const cache = new Map<string, Promise<string | undefined>>()
      return {
        read(key) {
          const cached = cache.get(key) ?? store.read(key)
          cache.set(key, store.read(key))
          return cached
        },
      }
    },
  ],
  'trims before it compares': [
    'distinguishes records by a trailing space',
    ({ store, find }) => ({
      swap: (key, expected, record, expiresAt) =>
        store.swap(key, find(key)?.trim() === expected?.trim() ? find(key) : expected, record, expiresAt),
    }),
  ],
  'compares without case': [
    'distinguishes records by case',
    ({ store, find }) => ({
      swap: (key, expected, record, expiresAt) =>
        store.swap(
          key,
          find(key)?.toLowerCase() === expected?.toLowerCase() ? find(key) : expected,
          record,
          expiresAt,
        ),
    }),
  ],
  'compares the beginning': [
    'distinguishes records by the last of many characters',
    ({ store, find }) => ({
      swap: (key, expected, record, expiresAt) =>
        store.swap(
          key,
          find(key)?.slice(0, 255) === expected?.slice(0, 255) ? find(key) : expected,
          record,
          expiresAt,
        ),
    }),
  ],
  'truncates records': ['keeps a large record', mapsRecords((record) => record.slice(0, 65_535))],
  'keeps records in Latin-1': [
    'keeps text beyond ASCII',
    mapsRecords((record) => Buffer.from(record, 'latin1').toString('latin1')),
  ],
  'parses records': [
    'keeps text that looks like a number',
    mapsRecords((record) => (Number.isNaN(Number(record)) ? record : String(Number(record)))),
  ],
  'ignores the case of keys': ['distinguishes keys by case', mapsKeys((key) => key.toLowerCase())],
  'trims keys': ['distinguishes keys by spaces', mapsKeys((key) => key.trim())],
  'truncates keys': [
    'distinguishes keys by the end of many characters',
    mapsKeys((key) => key.slice(0, 255)),
  ],
  'normalises keys': ['distinguishes keys by Unicode normalisation', mapsKeys((key) => key.normalize())],
  'keeps records in a shared prototype object': [
    'takes the names of object properties as keys',
    () => {
      const records: Record<string, string> = {}
      return {
        read: (key) => Promise.resolve(records[key]),
        async swap(key, expected, record) {
          if (records[key] !== expected) return false
          records[key] = record
          return true
        },
        async remove(key) {
          delete records[key]
        },
      }
    },
  ],
  'does not remove': ['removes a record', () => ({ remove: () => Promise.resolve() })],
  'removes a little later': [
    'removes a record',
    ({ entries }) => ({
      async remove(key) {
        setTimeout(() => entries.delete(key), 1)
      },
    }),
  ],
  'removes what begins with the key': [
    'distinguishes keys by a prefix',
    ({ entries }) => ({
      async remove(key) {
        for (const each of entries.keys()) if (each.startsWith(key)) entries.delete(each)
      },
    }),
  ],
  'fails to remove a missing record': [
    'removes as often as it is asked',
    ({ entries }) => ({
      async remove(key) {
        if (!entries.delete(key)) throw new Error('No such key')
      },
    }),
  ],
  'writes a removed record again': [
    'leaves nothing behind when a swap and a removal meet',
    ({ entries, store, find }) => ({
      async swap(key, expected, record, expiresAt) {
        if (expected !== 'start' || find(key) !== 'start') return store.swap(key, expected, record, expiresAt)
        await later()
        entries.set(key, { record, expiresAt })
        return true
      },
    }),
  ],
  'index: repeats keys': [
    'index, if there is one: finds every key of a term, each once',
    withIndex((index) => ({
      keys: async (term) => [...(await index.keys(term)), ...(await index.keys(term))],
    })),
  ],
  'index: keeps one key a term': [
    'index, if there is one: finds every key of a term, each once',
    withIndex((index) => ({
      async add(term, key, expiresAt) {
        for (const other of await index.keys(term)) if (other !== key) await index.remove(term, other)
        await index.add(term, key, expiresAt)
      },
    })),
  ],
  'index: removes the whole term': [
    'index, if there is one: removes one key and leaves the others',
    withIndex((index) => ({
      async remove(term) {
        for (const key of await index.keys(term)) await index.remove(term, key)
      },
    })),
  ],
  'index: never expires': [
    'index, if there is one: forgets a key that expired, but not one added again',
    withIndex((index) => ({ add: (term, key) => index.add(term, key, Number.POSITIVE_INFINITY) })),
  ],
  'index: shortens': [
    'index, if there is one: forgets a key that expired, but not one added again',
    withIndex((index) => ({
      async add(term, key, expiresAt) {
        await index.remove(term, key)
        await index.add(term, key, expiresAt)
      },
    })),
  ],
  'index: ignores case': [
    'index, if there is one: keeps terms apart',
    withIndex((index) => ({
      add: (term, key, expiresAt) => index.add(term.toLowerCase(), key, expiresAt),
      keys: (term) => index.keys(term.toLowerCase()),
      remove: (term, key) => index.remove(term.toLowerCase(), key),
    })),
  ],
}

/** Mistakes with the clock of a process, which only show in a process with a wrong clock. */
export const BROKEN_BY_CLOCK: Readonly<Record<string, readonly [caughtBy: string, Breakage]>> = {
  'hides records that have expired by the clock of the process': [
    'wrong clock, if it can be set: finds and replaces the records of others while it is ahead',
    ({ entries, store }, now) => ({
      read: async (key) => ((entries.get(key)?.expiresAt ?? 0) > now() ? store.read(key) : undefined),
    }),
  ],
  'takes the time to live from the clock of the process': [
    'wrong clock, if it can be set: finds and replaces the records of others while it is ahead',
    ({ entries, store }, now) => ({
      async swap(key, expected, record, expiresAt) {
        const swapped = await store.swap(key, expected, record, expiresAt)
        if (swapped && expiresAt <= now()) entries.delete(key)
        return swapped
      },
    }),
  ],
  'creates over a record that has expired by the clock of the process': [
    'wrong clock, if it can be set: creates no record over one of others while it is ahead',
    ({ entries, store }, now) => ({
      swap(key, expected, record, expiresAt) {
        if ((entries.get(key)?.expiresAt ?? 0) <= now()) entries.delete(key)
        return store.swap(key, expected, record, expiresAt)
      },
    }),
  ],
  'index: hides records that have expired by the clock of the process': [
    'wrong clock, if it can be set: index, if there is one: finds and extends the keys of others while it is ahead',
    ({ store: { index = createIndex(() => 0) } }, now) => {
      const hiddenFrom = now() + 600
      return { index: { ...index, keys: async (term) => (now() < hiddenFrom ? index.keys(term) : []) } }
    },
  ],
}

function withIndex(breakage: (index: SessionIndex) => Partial<SessionIndex>): Breakage {
  return (_, now) => {
    const index = createIndex(now)
    return { index: { ...index, ...breakage(index) } }
  }
}

function mapsRecords(map: (record: string) => string): Breakage {
  return ({ store }) => ({
    swap: (key, expected, record, expiresAt) => store.swap(key, expected, map(record), expiresAt),
  })
}

function mapsKeys(map: (key: string) => string): Breakage {
  return ({ store }) => ({
    read: (key) => store.read(map(key)),
    swap: (key, ...more) => store.swap(map(key), ...more),
    remove: (key) => store.remove(map(key)),
  })
}
