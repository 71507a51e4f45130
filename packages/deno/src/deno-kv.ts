/** A key of Deno KV, in parts. */
export type DenoKvKey = readonly string[]

/** An entry of Deno KV. */
export interface DenoKvEntry {
  /** The key of the entry. */
  readonly key: readonly unknown[]
  /** The value of the entry. `null` if it has none. */
  readonly value: unknown
  /** It changes with every write. `null` if the entry has no value. */
  readonly versionstamp: string | null
}

/** The part of `Deno.Kv` that the session store uses. */
export interface DenoKv {
  /** Resolves to the entry of a key. */
  get(key: DenoKvKey): Promise<DenoKvEntry>
  /** Deletes the value of a key. */
  delete(key: DenoKvKey): Promise<void>
  /** Iterates over the entries whose keys begin with a prefix. */
  list(selector: { prefix: DenoKvKey }): AsyncIterable<DenoKvEntry>
  /** Starts an operation that is performed completely or not at all. */
  atomic(): DenoKvAtomic
}

/** The part of `Deno.AtomicOperation` that the session store uses. */
export interface DenoKvAtomic {
  /** Adds the condition that an entry still has this version. */
  check(...checks: { key: DenoKvKey; versionstamp: string | null }[]): DenoKvAtomic
  /** Adds a write. `expireIn` is the lifetime of the value, in milliseconds. */
  set(key: DenoKvKey, value: unknown, options: { expireIn: number }): DenoKvAtomic
  /** Performs the operation. `ok` is `false` if a condition does not hold. */
  commit(): Promise<{ readonly ok: boolean }>
}
