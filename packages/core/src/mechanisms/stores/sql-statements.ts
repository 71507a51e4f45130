/** The times in a database, in seconds since the epoch. */
export interface SqlTime {
  /** The current time. */
  readonly now: string
  /** When a row expires. */
  readonly expiry: string
  /** For how many seconds `removeExpired` keeps a row that has expired. */
  readonly keepExpiredSeconds: number
}

export interface SqlStatements {
  readonly schema: readonly string[]
  /** key, now */
  readonly read: string
  /** key, record, expiry, now */
  readonly create: string
  /** record, expiry, key, expected, now */
  readonly replace: string
  /** key */
  readonly remove: string
  /** now, limit */
  readonly expire: string
  /** term, key, expiry */
  readonly indexAdd: string
  /** term, now */
  readonly indexKeys: string
  /** term, key */
  readonly indexRemove: string
  /** now, limit */
  readonly indexExpire: string
}

/**
 * A writer that waited for another one reads the row again, and decides by its own `WHERE`. PostgreSQL does so in READ
 * COMMITTED, its default. SQLite has one writer at a time.
 */
export function sqlStatements(
  table: string,
  textType: string,
  lockRows: string,
  { now, expiry, keepExpiredSeconds }: SqlTime,
): SqlStatements {
  const sessions = `"${table}"`
  const index = `"${table}_index"`
  const expired = (columns: string, from: string) =>
    `WITH expired AS (SELECT ${columns} FROM ${from} WHERE expires_at <= ${now} - ${keepExpiredSeconds} ORDER BY expires_at LIMIT ?${lockRows})`

  return {
    schema: [
      `CREATE TABLE IF NOT EXISTS ${sessions} (key ${textType} PRIMARY KEY, record ${textType} NOT NULL, expires_at double precision NOT NULL)`,
      `CREATE INDEX IF NOT EXISTS "${table}_expiry" ON ${sessions} (expires_at)`,
      `CREATE TABLE IF NOT EXISTS ${index} (term ${textType} NOT NULL, key ${textType} NOT NULL, expires_at double precision NOT NULL, PRIMARY KEY (term, key))`,
      `CREATE INDEX IF NOT EXISTS "${table}_index_expiry" ON ${index} (expires_at)`,
    ],
    read: `SELECT record FROM ${sessions} WHERE key = ? AND expires_at > ${now}`,
    create: `INSERT INTO ${sessions} (key, record, expires_at) VALUES (?, ?, ${expiry}) ON CONFLICT (key) DO UPDATE SET record = excluded.record, expires_at = excluded.expires_at WHERE ${sessions}.expires_at <= ${now} RETURNING 1`,
    replace: `UPDATE ${sessions} SET record = ?, expires_at = ${expiry} WHERE key = ? AND record = ? AND expires_at > ${now} RETURNING 1`,
    remove: `DELETE FROM ${sessions} WHERE key = ? RETURNING 1`,
    expire: `${expired('key', sessions)} DELETE FROM ${sessions} WHERE key IN (SELECT key FROM expired) RETURNING 1`,
    indexAdd: `INSERT INTO ${index} (term, key, expires_at) VALUES (?, ?, ${expiry}) ON CONFLICT (term, key) DO UPDATE SET expires_at = excluded.expires_at WHERE ${index}.expires_at < excluded.expires_at RETURNING 1`,
    indexKeys: `SELECT key FROM ${index} WHERE term = ? AND expires_at > ${now}`,
    indexRemove: `DELETE FROM ${index} WHERE term = ? AND key = ? RETURNING 1`,
    indexExpire: `${expired('term, key', index)} DELETE FROM ${index} WHERE (term, key) IN (SELECT term, key FROM expired) RETURNING 1`,
  }
}
