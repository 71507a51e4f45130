import type { Clock } from '../../ports/clock.ts'
import type { SessionStore } from '../../ports/session-store.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { sqlStatements, type SqlTime } from './sql-statements.ts'

/** A session store in SQL tables. Every operation is one statement with its own commit. */
export interface SqlStore extends SessionStore {
  /** Creates the tables that do not exist. Any number of processes can call it at the same time. */
  createSchema(): Promise<void>
  /**
   * Removes expired rows, which `read` no longer finds. Call it regularly, until it resolves to 0. In SQLite, a row is
   * removed 3 days after it has expired, because a wrong clock of the machine must not remove sessions.
   *
   * @param limit - The maximum number of rows of each table. Default 1000.
   */
  removeExpired(limit?: number): Promise<number>
}

/** Options of the stores in SQL databases. */
export interface SqlStoreOptions {
  /**
   * The table, and the prefix for the names of a second table and the indexes.
   *
   * @default 'evertoken_sessions'
   */
  readonly table?: string
  /**
   * The clock of this process. In PostgreSQL, the clock of the database decides which rows have expired.
   *
   * @default the clock of the system
   */
  readonly clock?: Pick<Clock, 'now' | 'elapsed'>
}

/** A value of a statement. */
export type SqlValue = string | number

/** The differences between databases. */
export interface SqlDialect {
  /** The type of texts that are compared by bytes. */
  readonly textType: string
  /** Ends a `SELECT` of rows to be deleted. */
  readonly lockRows: string
  readonly time: SqlTime
  /** The values for the `?` of `time.now`. */
  nowValues(): readonly SqlValue[]
  /** The values for the `?` of `time.expiry`. */
  expiryValues(expiresAt: number): readonly SqlValue[]
  /** Resolves to the rows. Each `?` in the statement is replaced with the next value. */
  query(statement: string, values: readonly SqlValue[]): Promise<readonly unknown[]>
  createSchema(statements: readonly string[]): Promise<void>
}

const TABLE_NAME = /^[A-Za-z_]\w{0,39}$/

/** @throws {ConfigurationError} If the table name is invalid. */
export function createSqlStore(
  dialect: SqlDialect,
  { table = 'evertoken_sessions' }: Pick<SqlStoreOptions, 'table'>,
): SqlStore {
  if (!TABLE_NAME.test(table))
    throw new ConfigurationError(
      'invalid_option',
      'Option `table` must be a letter followed by at most 39 letters, digits or `_`.',
    )
  const { query, textType, lockRows, time, nowValues, expiryValues } = dialect
  const sql = sqlStatements(table, textType, lockRows, time)
  const changes = async (statement: string, values: readonly SqlValue[]) =>
    (await query(statement, values)).length

  return {
    consistency: 'strong',
    async read(key) {
      const [row] = (await query(sql.read, [key, ...nowValues()])) as { readonly record: string }[]
      return row?.record
    },
    async swap(key, expected, record, expiresAt) {
      const expiry = expiryValues(expiresAt)
      const changed =
        expected === undefined
          ? await changes(sql.create, [key, record, ...expiry, ...nowValues()])
          : await changes(sql.replace, [record, ...expiry, key, expected, ...nowValues()])
      return changed === 1
    },
    async remove(key) {
      await query(sql.remove, [key])
    },
    index: {
      async add(term, key, expiresAt) {
        await query(sql.indexAdd, [term, key, ...expiryValues(expiresAt)])
      },
      async keys(term) {
        const rows = (await query(sql.indexKeys, [term, ...nowValues()])) as { readonly key: string }[]
        return rows.map(({ key }) => key)
      },
      async remove(term, key) {
        await query(sql.indexRemove, [term, key])
      },
    },
    createSchema: () => dialect.createSchema(sql.schema),
    async removeExpired(limit = 1000) {
      const records = await changes(sql.expire, [...nowValues(), limit])
      return records + (await changes(sql.indexExpire, [...nowValues(), limit]))
    },
  }
}
