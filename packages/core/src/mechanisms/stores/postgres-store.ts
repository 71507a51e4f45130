import { systemClock } from '../runtime/system-clock.ts'
import { createSqlStore, type SqlStore, type SqlStoreOptions, type SqlValue } from './sql-store.ts'

/** The methods of `pg` and PGlite that are used here. */
export interface PostgresClient {
  /** Runs one statement. `$1` is the first value. */
  query(text: string, values: SqlValue[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** Options of `createPostgresStore`. */
export interface PostgresStoreOptions extends SqlStoreOptions {
  /** A pool, or a client that is never in a transaction. Other connections cannot see uncommitted rows. */
  readonly client: PostgresClient
}

const NOW = 'CAST(extract(epoch FROM now()) AS double precision)'

/**
 * Creates a session store in PostgreSQL 9.5 or later. It needs READ COMMITTED, the default.
 *
 * @param options - The pool or client, and the name of the table. By default, `evertoken_sessions`.
 * @returns The store. Call `createSchema` before the first use, and `removeExpired` regularly.
 * @throws {ConfigurationError} If the table name is invalid.
 * @example
 *   import pg from 'pg'
 *
 *   export const store = createPostgresStore({ client: new pg.Pool().on('error', console.error) })
 *   await store.createSchema()
 */
export function createPostgresStore({
  client,
  clock = systemClock,
  ...options
}: PostgresStoreOptions): SqlStore {
  const query = async (statement: string, values: readonly SqlValue[]) =>
    (await client.query(numbered(statement), [...values])).rows
  return createSqlStore(
    {
      textType: 'text COLLATE "C"',
      lockRows: ' FOR UPDATE SKIP LOCKED',
      time: {
        now: NOW,
        // A writer whose clock is behind must not write an expired row.
        expiry: `CAST(? AS double precision) + greatest(0, ${NOW} - CAST(? AS double precision))`,
        keepExpiredSeconds: 0,
      },
      nowValues: () => [],
      expiryValues: (expiresAt) => [expiresAt, clock.now()],
      query,
      // Parallel CREATE … IF NOT EXISTS fail on PostgreSQL's catalogue, so they run one after the other.
      async createSchema(statements) {
        const lock = "PERFORM pg_advisory_xact_lock(hashtext('evertoken schema'))"
        await query(`DO $$ BEGIN ${[lock, ...statements].join('; ')}; END $$`, [])
      },
    },
    options,
  )
}

function numbered(statement: string): string {
  let count = 0
  return statement.replaceAll('?', () => `$${(count += 1)}`)
}
