/**
 * The storage for sessions. A store must implement only three methods. `@evertoken/testkit` certifies it.
 *
 * Keys are hashes and records are encrypted, so both are opaque printable ASCII. No two records are ever equal, so a
 * record is its own version. `swap` compares the complete record.
 *
 * A method that fails rejects with any error. Evertoken turns it into `store_unavailable`, and limits the time of each
 * operation. A store must not cache.
 *
 * @example
 *   const records = new Map<string, string>() // shows the contract, but never removes a record that has expired
 *   const mapStore: SessionStore = {
 *     read: async (key) => records.get(key),
 *     async swap(key, expected, record) {
 *       if (records.get(key) !== expected) return false
 *       records.set(key, record)
 *       return true
 *     },
 *     async remove(key) {
 *       records.delete(key)
 *     },
 *     outlivesProcess: false,
 *   }
 */
export interface SessionStore {
  /**
   * Resolves to the record, or `undefined`. Must see every write that completed before the call.
   *
   * A replica that lags behind breaks this rule: the stale record contains a refresh token that is already used.
   *
   * @param key - Printable ASCII, at most 450 characters.
   */
  read(key: string): Promise<string | undefined>
  /**
   * Writes `record` if the key still holds `expected` (`undefined`: if it holds nothing), in one atomic step. Resolves
   * to `false` and changes nothing if the key holds another value.
   *
   * If it rejects, the write may have happened. Evertoken then reads the record to find out.
   *
   * @param record - The new record, as printable ASCII.
   * @param expiresAt - Seconds since the epoch after which the key holds nothing. Compare it with the clock of the store,
   * not with that of the process, which may be wrong.
   */
  swap(
    key: string,
    expected: string | undefined,
    record: string,
    expiresAt: number,
    hint?: RecordHint,
  ): Promise<boolean>
  /** Removes the value of the key. Resolves when every later `read` finds nothing. */
  remove(key: string): Promise<void>
  /** Finds the sessions of a subject. Needed only for back-channel logout, where it replaces a search in all records. */
  readonly index?: SessionIndex
  /** A store with `eventual` is refused. The second use of a stale refresh token ends the grant. */
  readonly consistency?: 'strong' | 'eventual'
  /**
   * Whether the records are still there after the process has ended, so that other processes can share them.
   *
   * Set it to `false` if the store keeps its records in the memory of the process.
   *
   * @default true
   */
  readonly outlivesProcess?: boolean
}

/** A hint for stores that drop records to make room. Only stores with `outlivesProcess: false` receive it. */
export interface RecordHint {
  /** The user of the session. No other user should lose a record because this user has many. */
  readonly owner?: string | undefined
  /**
   * Whether the record is a note, for example that a session has ended, which must outlive all copies of its cookie. Notes
   * must not push out sessions.
   */
  readonly isNote?: boolean | undefined
}

/** Maps terms to session keys. A term is the hash of an issuer with a `sub` or a `sid`. */
export interface SessionIndex {
  /** Adding the same pair again only extends it. */
  add(term: string, key: string, expiresAt: number): Promise<void>
  /** Resolves to the keys under the term, in no particular order. It may include keys whose record no longer exists. */
  keys(term: string): Promise<string[]>
  /** Removes the key from the term. Resolves also if the term does not contain the key. */
  remove(term: string, key: string): Promise<void>
}
