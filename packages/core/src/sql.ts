/**
 * Session stores in PostgreSQL and SQLite. They use the database driver of your application.
 *
 * @module
 */
export {
  createPostgresStore,
  type PostgresClient,
  type PostgresStoreOptions,
} from './mechanisms/stores/postgres-store.ts'
export {
  createSqliteStore,
  type SqliteDatabase,
  type SqliteStoreOptions,
} from './mechanisms/stores/sqlite-store.ts'
export type { SqlStore, SqlStoreOptions } from './mechanisms/stores/sql-store.ts'
