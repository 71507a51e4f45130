/**
 * Session stores in PostgreSQL and SQLite. They use the database driver of your application.
 *
 * @module
 */
export {
  createPostgresStore,
  type PostgresClient,
  type PostgresStoreOptions,
} from './stores/postgres-store.ts'
export { createSqliteStore, type SqliteDatabase, type SqliteStoreOptions } from './stores/sqlite-store.ts'
export type { SqlStore, SqlStoreOptions } from './stores/sql-store.ts'
