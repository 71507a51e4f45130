import { systemClock } from '../mechanisms/system-clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { sqlStatements } from './sql-statements.ts'

/** A session store in SQL tables. Every operation is one statement, committed by itself. */
export interface SqlStore extends SessionStore {
  /** Creates what is missing of the tables; any number of processes may do so at once. */
  createSchema(): Promise<void>
  /**
   * Removes expired rows, which `read` no longer finds; call it now and then, until it resolves to 0.
   *
   * @param limit - At most that many rows of each table. Default 1000.
   */
  removeExpired(limit?: number): Promise<number>
}

export interface SqlStoreOptions {
  /** Also the beginning of the names of a second table and the indexes. Default `evertoken_sessions`. */
  readonly table?: string
  /** Seconds since the epoch; judges expiry, so the clocks of machines that share a database have to agree. */
  readonly now?: () => number
}

export type SqlValue = string | number

/** What databases do differently. */
export interface SqlDialect {
  /** Text compared by its bytes. */
  readonly textType: string
  /** Ends a `SELECT` of rows to be deleted. */
  readonly lockRows: string
  /** Resolves to the rows; in the statement, `?` stands for the next value. */
  query(statement: string, values: readonly SqlValue[]): Promise<readonly unknown[]>
  createSchema(statements: readonly string[]): Promise<void>
}

const TABLE_NAME = /^[A-Za-z_]\w{0,39}$/

/** @throws ConfigurationError for an unfit table name. */
export function createSqlStore(dialect: SqlDialect, options: SqlStoreOptions): SqlStore {
  const { table = 'evertoken_sessions', now = systemClock.now } = options
  if (!TABLE_NAME.test(table))
    throw new ConfigurationError(
      'invalid_option',
      'Option "table" must be a letter followed by at most 39 letters, digits or "_"',
    )
  const { query, textType, lockRows } = dialect
  const sql = sqlStatements(table, textType, lockRows)
  const changes = async (statement: string, values: readonly SqlValue[]) =>
    (await query(statement, values)).length

  return {
    consistency: 'strong',
    async read(key) {
      const [row] = (await query(sql.read, [key, now()])) as { readonly record: string }[]
      return row?.record
    },
    async swap(key, expected, record, expiresAt) {
      const changed =
        expected === undefined
          ? await changes(sql.create, [key, record, expiresAt, now()])
          : await changes(sql.replace, [record, expiresAt, key, expected, now()])
      return changed === 1
    },
    async remove(key) {
      await query(sql.remove, [key])
    },
    index: {
      async add(term, key, expiresAt) {
        await query(sql.indexAdd, [term, key, expiresAt])
      },
      async keys(term) {
        const rows = (await query(sql.indexKeys, [term, now()])) as { readonly key: string }[]
        return rows.map(({ key }) => key)
      },
      async remove(term, key) {
        await query(sql.indexRemove, [term, key])
      },
    },
    createSchema: () => dialect.createSchema(sql.schema),
    async removeExpired(limit = 1000) {
      const records = await changes(sql.expire, [now(), limit])
      return records + (await changes(sql.indexExpire, [now(), limit]))
    },
  }
}
