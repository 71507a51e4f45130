import type { DenoKv, DenoKvEntry, DenoKvKey } from './deno-kv.ts'
import { withRetry } from './patiently.ts'

/** A value with its own expiry, because Deno KV removes it later. */
interface Kept extends Content {
  /** A random name, different for every write. */
  readonly writer: string
}

export interface Content {
  readonly record: string
  readonly expiresAt: number
}

/** Entries of a Deno KV that change by compare-and-swap and expire on time. */
export interface Cells {
  /** Returns the value of an entry, unless it has expired. */
  live(entry: DenoKvEntry): Kept | undefined
  /**
   * Writes the result of `change` for the current entry in one atomic step. Resolves to `false` if `change` returns
   * `undefined`.
   */
  change(key: DenoKvKey, change: (live: Content | undefined) => Content | undefined): Promise<boolean>
}

/**
 * Deno KV removes a value by the clock of the machine. If that clock is wrong by more than this, sessions can be
 * removed.
 */
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
      return withRetry(async () => {
        for (;;) {
          const entry = await kv.get(key)
          const held = live(entry)
          // A failed attempt may have written the value.
          if (held?.writer === writer) return true
          const next = change(held)
          if (!next) return false
          // The write was refused: another process wrote, or Deno KV removed an expired value. Only a new read shows
          // which.
          if (await commit(key, entry, { ...next, writer })) return true
        }
      })
    },
  }
}
