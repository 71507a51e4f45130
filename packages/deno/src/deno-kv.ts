export type DenoKvKey = readonly string[]

export interface DenoKvEntry {
  readonly key: readonly unknown[]
  readonly value: unknown
  /** It changes with every write. `null` if the entry has no value. */
  readonly versionstamp: string | null
}

/** The part of `Deno.Kv` that the session store uses. */
export interface DenoKv {
  get(key: DenoKvKey): Promise<DenoKvEntry>
  delete(key: DenoKvKey): Promise<void>
  list(selector: { prefix: DenoKvKey }): AsyncIterable<DenoKvEntry>
  atomic(): DenoKvAtomic
}

export interface DenoKvAtomic {
  check(...checks: { key: DenoKvKey; versionstamp: string | null }[]): DenoKvAtomic
  set(key: DenoKvKey, value: unknown, options: { expireIn: number }): DenoKvAtomic
  commit(): Promise<{ readonly ok: boolean }>
}
