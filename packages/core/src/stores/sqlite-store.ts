import { createSteadyClock } from '../mechanisms/steady-clock.ts'
import { createSqlStore, type SqlStore, type SqlStoreOptions, type SqlValue } from './sql-store.ts'

/** What `node:sqlite` and `better-sqlite3` offer. */
export interface SqliteDatabase {
  prepare(statement: string): SqliteStatement
}

export interface SqliteStatement {
  all(...values: SqlValue[]): unknown[]
  run(...values: SqlValue[]): unknown
}

export interface SqliteStoreOptions extends SqlStoreOptions {
  /** Open. Where processes share the file, with a busy timeout: `{ timeout: 5000 }`. */
  readonly database: SqliteDatabase
}

/** SQLite has no clock but that of the machine. A longer error of it can remove sessions. */
const KEEP_EXPIRED_SECONDS = 3 * 86_400

/**
 * A session store in SQLite 3.35 or later. Every operation blocks the process for as long as the disk takes.
 *
 * @throws ConfigurationError for an unfit table name.
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
