import { type ResolverHost, sha256, untilWon } from '@evertoken/core/adapter'

/** Facts that all processes share. They are stored encrypted, next to the connections. */
export interface Notes {
  /** Resolves to `undefined` if there is none, or the secret that encrypted it is gone. */
  read(name: readonly string[]): Promise<unknown>
  write(name: readonly string[], value: object): Promise<void>
}

/** How long a note is kept after it was written, in seconds. A connection that is used needs its notes. */
const KEPT_SECONDS = 100 * 31_536_000

/** Creates access to the notes in the store of the connections. */
export function createNotes({ store, seal, clock }: Pick<ResolverHost, 'store' | 'seal' | 'clock'>): Notes {
  const keyOf = (name: readonly string[]) => sha256(JSON.stringify(['mcp', ...name]))

  return {
    async read(name) {
      const key = await keyOf(name)
      const sealed = await store.read(key)
      const opened = typeof sealed === 'string' ? await seal.unseal(sealed) : undefined
      if (!opened || !('value' in opened)) return undefined
      // The store could have moved the note of another server there.
      const { note, value } = Object(opened.value) as { readonly note?: unknown; readonly value?: unknown }
      return note === key ? value : undefined
    },
    async write(name, value) {
      const key = await keyOf(name)
      const sealed = await seal.seal({ note: key, value })
      await untilWon(async () => {
        const expected = await store.read(key)
        return (await store.swap(key, expected, sealed, clock.now() + KEPT_SECONDS)) || 'again'
      })
    },
  }
}
