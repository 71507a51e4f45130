import { createSteadyClock } from '../runtime/steady-clock.ts'
import { createSqlStore, type SqlStore, type SqlStoreOptions, type SqlValue } from './sql-store.ts'

/** The methods of `node:sqlite` and `better-sqlite3` that are used here. */
export interface SqliteDatabase {
  /** Prepares a statement. */
  prepare(statement: string): SqliteStatement
}

/** A prepared statement. Each `?` in it is replaced with the next value. */
export interface SqliteStatement {
  /** Runs the statement and returns its rows. */
  all(...values: SqlValue[]): unknown[]
  /** Runs the statement. */
  run(...values: SqlValue[]): unknown
}

/** Options of `createSqliteStore`. */
export interface SqliteStoreOptions extends SqlStoreOptions {
  /** An open database. If processes share the file, set a busy timeout: `{ timeout: 5000 }`. */
  readonly database: SqliteDatabase
}

/** SQLite uses the clock of the machine. If that clock is wrong by more than this, sessions can be removed. */
const KEEP_EXPIRED_SECONDS = 3 * 86_400

/**
 * Creates a session store in SQLite 3.35 or later. Every operation blocks the process until the disk has finished.
 *
 * @param options - The open database, and the name of the table. By default, `evertoken_sessions`.
 * @returns The store. Call `createSchema` before the first use, and `removeExpired` regularly.
 * @throws {ConfigurationError} If the table name is invalid.
 * @example
 *   import { DatabaseSync } from 'node:sqlite'
 *
 *   export const store = createSqliteStore({ database: new DatabaseSync('sessions.db', { timeout: 5000 }) })
 *   await store.createSchema()
 */
export function createSqliteStore({ database, clock, ...options }: SqliteStoreOptions): SqlStore {
  const now = createSteadyClock(clock)
  const prepared = new Map<string, SqliteStatement>()
  const prepare = (statement: string) => {
    const known = prepared.get(statement) ?? database.prepare(statement)
    prepared.set(statement, known)
    return known
  }
  return createSqlStore(
    {
      textType: 'text',
      lockRows: '',
      time: { now: '?', expiry: '?', keepExpiredSeconds: KEEP_EXPIRED_SECONDS },
      nowValues: () => [now()],
      expiryValues: (expiresAt) => [expiresAt],
      query: async (statement, values) => prepare(statement).all(...values),
      async createSchema(statements) {
        for (const statement of statements) database.prepare(statement).run()
      },
    },
    options,
  )
}
