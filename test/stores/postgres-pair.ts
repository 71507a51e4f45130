import { createPostgresStore } from '@evertoken/core/sql'
import { Pool } from 'pg'
import { startPostgres } from '../../scripts/services.mjs'
import { createLink } from './link.ts'
import { type Pair, waitUntil } from './pair.ts'

/** When PostgreSQL confirms a commit to the client. `local` is asynchronous replication. */
export type SynchronousCommit = 'local' | 'on' | 'remote_apply'

/** The operating system survives the failover, so nothing is lost without a sync to the disk. */
const FAST = { fsync: 'off' }

/** A PostgreSQL primary with a standby that streams. */
export async function startPostgresPair(commit: SynchronousCommit): Promise<Pair> {
  const isSynchronous = commit !== 'local'
  const primary = await startPostgres({
    settings: { ...FAST, ...(isSynchronous && { synchronous_standby_names: '*' }) },
  })
  const link = await createLink(primary.port)
  const standby = await startPostgres({ settings: FAST, standbyOf: link.port })
  let current = primary
  const openPool = (url: string) =>
    new Pool({ connectionString: url, options: `-c synchronous_commit=${commit}` }).on('error', () => {
      // The query that was lost with the connection rejects; that is what the histories record.
    })
  const observer = openPool(primary.url)
  const count = async (from: string) => {
    const { rows } = await observer.query<{ count: string }>(`SELECT count(*) FROM ${from}`)
    return Number(rows[0]?.count)
  }
  const follows = `pg_stat_replication WHERE state = 'streaming' AND sync_state = '${isSynchronous ? 'sync' : 'async'}'`
  await waitUntil(async () => (await count(follows)) === 1, 'The standby')

  return {
    async connect() {
      const client = openPool(current.url)
      const store = createPostgresStore({ client })
      await store.createSchema()
      return { store, close: () => client.end() }
    },
    cutReplication: () => link.cut(),
    isBlocked: async (writes) => (await count(`pg_stat_activity WHERE wait_event = 'SyncRep'`)) === writes,
    async failOver() {
      await observer.end()
      await primary.kill()
      const client = openPool(standby.url)
      await client.query('SELECT pg_promote()')
      await client.end()
      current = standby
    },
    async stop() {
      link.close()
      await standby.stop()
      await primary.stop()
    },
  }
}
