import { type ResolverHost, sha256 } from '@evertoken/core/adapter'

/** Facts that all processes share. They are stored encrypted, next to the connections. */
export interface Notes {
  read(name: readonly string[]): Promise<Note>
}

/** One fact that was read. */
export interface Note {
  /** `undefined` if there is none, or the secret that encrypted it is gone. */
  readonly value: unknown
  /** Replaces the note. Resolves to `false`, and changes nothing, if another process has written it since it was read. */
  replace(value: object): Promise<boolean>
}

/** How long a note is kept after it was written, in seconds: a year. A connection that is used renews its notes. */
const KEPT_SECONDS = 31_536_000

/** Creates access to the notes in the store of the connections. */
export function createNotes({ store, seal, clock }: Pick<ResolverHost, 'store' | 'seal' | 'clock'>): Notes {
  const keyOf = (name: readonly string[]) => sha256(JSON.stringify(['mcp', ...name]))

  return {
    async read(name) {
      const key = await keyOf(name)
      const sealed = await store.read(key)
      const opened = typeof sealed === 'string' ? await seal.unseal(sealed) : undefined
      // The store could have moved the note of another server there.
      const { note, value } = Object(opened && 'value' in opened && opened.value) as {
        readonly note?: unknown
        readonly value?: unknown
      }
      return {
        value: note === key ? value : undefined,
        async replace(next) {
          const replacement = await seal.seal({ note: key, value: next })
          return store.swap(key, sealed, replacement, clock.now() + KEPT_SECONDS)
        },
      }
    },
  }
}
