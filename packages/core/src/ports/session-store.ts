/**
 * Where sessions live. Three methods are all a store has to write; `@evertoken/testkit` certifies it.
 *
 * Keys are hashes and records are sealed, so both are opaque printable ASCII. No two records are ever equal, which
 * makes the record its own version: `swap` compares it as a whole.
 */
export interface SessionStore {
  /** Resolves to the record, or `undefined`. Must see every write that completed before the call. */
  read(key: string): Promise<string | undefined>
  /**
   * Writes `record` if the key still holds `expected` (`undefined`: if it holds nothing), in one atomic step.
   * Resolves to `false`, having changed nothing, when it holds something else.
   *
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
  /** Removes whatever the key holds. Resolves when every later `read` finds nothing. */
  remove(key: string): Promise<void>
  /** Finds the sessions of a subject; needed only for back-channel logout. */
  readonly index?: SessionIndex
  /** A store that answers `eventual` is refused: a stale refresh token, used again, ends the grant. */
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

/** What a store that drops records to make room should know. Only stores with `outlivesProcess: false` receive it. */
export interface RecordHint {
  /** The user of the session. No other user should lose a record because this user has many. */
  readonly owner?: string | undefined
  /**
   * Whether the record is a note, for example that a session has ended, which must outlive all copies of its cookie. Notes
   * must not push out sessions.
   */
  readonly isNote?: boolean | undefined
}

/** Session keys by term, a term being the hash of an issuer with a `sub` or a `sid`. */
export interface SessionIndex {
  /** Adding the same pair again only extends it. */
  add(term: string, key: string, expiresAt: number): Promise<void>
  /** Resolves to the keys under the term, in no particular order; may include keys whose record is gone. */
  keys(term: string): Promise<string[]>
  remove(term: string, key: string): Promise<void>
}
