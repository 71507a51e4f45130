import type { DenoKv, DenoKvEntry, DenoKvKey } from './deno-kv.ts'
import { patiently } from './patiently.ts'

/** Each value says itself until when it counts: Deno KV removes it later. */
interface Kept extends Content {
  /** Another one for every write. */
  readonly writer: string
}

export interface Content {
  readonly record: string
  readonly expiresAt: number
}

/** Entries of a Deno KV that change by compare-and-swap and expire on time. */
export interface Cells {
  /** What an entry holds, unless it has expired. */
  live(entry: DenoKvEntry): Kept | undefined
  /** Writes what `change` makes of the entry as it is, in one atomic step; resolves to `false` if it makes nothing. */
  change(key: DenoKvKey, change: (live: Content | undefined) => Content | undefined): Promise<boolean>
}

/** Deno KV removes a value by the clock of the machine. A longer error of it can remove sessions. */
const KEEP_EXPIRED_SECONDS = 3 * 86_400

export function createCells(kv: DenoKv, now: () => number): Cells {
  const live = ({ value }: DenoKvEntry) => {
    const kept = value as Kept | null
    return kept && kept.expiresAt > now() ? kept : undefined
  }

  async function commit(key: DenoKvKey, { versionstamp }: DenoKvEntry, kept: Kept): Promise<boolean> {
    const expireIn = Math.max(0, Math.ceil((kept.expiresAt + KEEP_EXPIRED_SECONDS - now()) * 1000))
    return (await kv.atomic().check({ key, versionstamp }).set(key, kept, { expireIn }).commit()).ok
  }

  return {
    live,
    change(key, change) {
      const writer = crypto.randomUUID()
      return patiently(async () => {
        for (;;) {
          const entry = await kv.get(key)
          const held = live(entry)
          // An attempt that ended in an error may have been carried out.
          if (held?.writer === writer) return true
          const next = change(held)
          if (!next) return false
          // Refused: another wrote, or Deno KV removed what had expired. Only a new look can tell.
          if (await commit(key, entry, { ...next, writer })) return true
        }
      })
    },
  }
}
