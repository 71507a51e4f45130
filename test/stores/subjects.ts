import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type BetterSqlite3 from 'better-sqlite3'
import { type Clock, createMemoryStore, type SessionStore } from '@evertoken/core'
import { createIoredisStore, createRedisStore, createUpstashStore } from '@evertoken/core/redis'
import {
  createPostgresStore,
  createSqliteStore,
  type PostgresClient,
  type SqliteDatabase,
  type SqlStoreOptions,
} from '@evertoken/core/sql'
import { createFileStore } from '@evertoken/node/file-store'
import type { ContractCase, SessionStoreContractOptions } from '@evertoken/testkit'
import { ensurePackage } from '../../scripts/tools.mjs'
import type { Places } from './places.ts'
import { redisCases } from './redis-cases.ts'
import { postgresCases, sqlCases, sqliteCases, type StoreClock } from './sql-cases.ts'

const BETTER_SQLITE3 = '13.2.0'

/** One connection of a process to a store. */
export interface Connection {
  readonly store: SessionStore
  /** Cases that the contract does not require of every store. */
  readonly ownCases?: readonly ContractCase[]
  readonly contract?: Pick<SessionStoreContractOptions, 'now' | 'waitUntilExpired' | 'storeWithClock'>
  close?(): unknown
}

/** A store to certify; its client is loaded on demand. */
export interface Subject {
  readonly name: string
  /** No other process can connect to its data. */
  readonly alone?: boolean
  connect(places: Places): Promise<Connection>
}

export const subjects: readonly Subject[] = [
  { name: 'memory', alone: true, connect: async () => ({ store: createMemoryStore() }) },
  {
    name: `redis (node-redis ${versionOf('redis')})`,
    async connect({ redis }) {
      const { createClient } = await import('redis')
      const client = await createClient({ url: redis }).connect()
      const create = (through: typeof client, now?: () => number) =>
        createRedisStore({ client: through, ...(now && { now }) })
      const ownCases = redisCases(client, create, (...command) => client.sendCommand(command))
      const storeWithClock = ({ now }: Pick<Clock, 'now'>) => create(client, now)
      return { store: create(client), ownCases, contract: { storeWithClock }, close: () => client.close() }
    },
  },
  {
    name: `redis (ioredis ${versionOf('ioredis')})`,
    async connect({ redis }) {
      const { Redis } = await import('ioredis')
      const client = new Redis(redis)
      const create = (through: typeof client, now?: () => number) =>
        createIoredisStore({ client: through, ...(now && { now }) })
      const ownCases = redisCases(client, create, (name, ...args) => client.call(name, ...args))
      const storeWithClock = ({ now }: Pick<Clock, 'now'>) => create(client, now)
      return { store: create(client), ownCases, contract: { storeWithClock }, close: () => client.quit() }
    },
  },
  {
    name: `redis cluster (node-redis ${versionOf('redis')})`,
    async connect({ redisCluster }) {
      const { createCluster } = await import('redis')
      const client = createCluster({ rootNodes: [{ url: redisCluster }] })
      await client.connect()
      return { store: createRedisStore({ client }), close: () => client.close() }
    },
  },
  {
    name: `redis cluster (ioredis ${versionOf('ioredis')})`,
    async connect({ redisCluster }) {
      const { Cluster } = await import('ioredis')
      const client = new Cluster([redisCluster])
      return { store: createIoredisStore({ client }), close: () => client.quit() }
    },
  },
  {
    name: `redis (@upstash/redis ${versionOf('@upstash/redis')}, over HTTP)`,
    async connect({ upstash }) {
      const { Redis } = await import('@upstash/redis')
      const client = new Redis({ url: upstash, token: 'any', enableTelemetry: false })
      const storeWithClock = ({ now }: Pick<Clock, 'now'>) => createUpstashStore({ client, now })
      return { store: createUpstashStore({ client }), contract: { storeWithClock } }
    },
  },
  {
    name: `postgresql (pg ${versionOf('pg')})`,
    async connect({ postgres }) {
      const { default: pg } = await import('pg')
      const client = new pg.Pool({ connectionString: postgres })
      return { ...(await postgresql(client)), close: () => client.end() }
    },
  },
  {
    name: `postgresql (PGlite ${versionOf('@electric-sql/pglite')})`,
    alone: true,
    async connect() {
      const { PGlite } = await import('@electric-sql/pglite')
      const client = new PGlite()
      return { ...(await postgresql(client)), close: () => client.close() }
    },
  },
  {
    name: `sqlite (node:sqlite of Node ${process.versions.node})`,
    async connect({ folder }) {
      const { DatabaseSync } = await import('node:sqlite')
      return sqlite(new DatabaseSync(join(folder, 'node.db'), { timeout: 30_000 }))
    },
  },
  {
    name: `sqlite (better-sqlite3 ${BETTER_SQLITE3})`,
    async connect({ folder }) {
      const Database = await loadBetterSqlite3()
      return sqlite(new Database(join(folder, 'better.db'), { timeout: 30_000 }))
    },
  },
  { name: 'file', connect: ({ folder }) => file(join(folder, 'tokens.json')) },
]

/** One file for all processes. */
async function file(path: string): Promise<Connection> {
  const create = (clock: StoreClock) => createFileStore({ path, clock })
  const waitUntilExpired = async (seconds: number) => void (movedBy += seconds)
  return {
    store: create(movedClock),
    contract: { now: movedClock.now, waitUntilExpired, storeWithClock: create },
  }
}

/** The package needs Node 22, so it is not among the packages that Node 20 installs. */
async function loadBetterSqlite3(): Promise<typeof BetterSqlite3> {
  const folder = await ensurePackage('better-sqlite3', BETTER_SQLITE3)
  return createRequire(join(folder, 'index.js'))('better-sqlite3') as typeof BetterSqlite3
}

async function postgresql(client: PostgresClient): Promise<Connection> {
  const create = (options: SqlStoreOptions) => createPostgresStore({ client, ...options })
  const store = create({})
  await store.createSchema()
  const ownCases = [...sqlCases(create), ...postgresCases(create)]
  // The clock of a database cannot be moved, so the rows are moved instead. The test does not wait.
  async function waitUntilExpired(seconds: number): Promise<void> {
    for (const table of ['evertoken_sessions', 'evertoken_sessions_index'])
      await client.query(`UPDATE ${table} SET expires_at = expires_at - $1`, [seconds])
  }
  const storeWithClock = (clock: StoreClock) => create({ clock })
  return { store, ownCases, contract: { waitUntilExpired, storeWithClock } }
}

async function sqlite(
  database: SqliteDatabase & { exec(sql: string): unknown; close(): unknown },
): Promise<Connection> {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const create = (options: SqlStoreOptions) => createSqliteStore({ database, ...options })
  const store = create({ clock: movedClock })
  await store.createSchema()
  const waitUntilExpired = async (seconds: number) => void (movedBy += seconds)
  const contract = {
    now: movedClock.now,
    waitUntilExpired,
    storeWithClock: (clock: StoreClock) => create({ clock }),
  }
  return {
    store,
    ownCases: [...sqlCases(create), ...sqliteCases(create)],
    contract,
    close: () => database.close(),
  }
}

// The clock of the process decides about expiry, so the test does not wait.
let movedBy = 0
const startedAt = Date.now() / 1000
const movedClock: StoreClock = { now: () => startedAt + movedBy, elapsed: () => movedBy * 1000 }

function versionOf(name: string): string {
  const manifest = readFileSync(join('node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
