import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryStore, type SessionStore } from '@evertoken/core'
import { createIoredisStore, createRedisStore, createUpstashStore } from '@evertoken/core/redis'
import {
  createPostgresStore,
  createSqliteStore,
  type PostgresClient,
  type SqliteDatabase,
  type SqlStore,
  type SqlStoreOptions,
} from '@evertoken/core/sql'
import type { ContractCase, SessionStoreContractOptions } from '@evertoken/testkit'
import type { Places } from './places.ts'
import { redisCases } from './redis-cases.ts'
import { sqlCases } from './sql-cases.ts'

/** One connection to a store, as a process has it. */
export interface Connection {
  readonly store: SessionStore
  /** What the contract does not ask of every store. */
  readonly ownCases?: readonly ContractCase[]
  readonly contract?: Pick<SessionStoreContractOptions, 'now' | 'waitUntilExpired'>
  close?(): unknown
}

/** A store to certify; its client is loaded on demand. */
export interface Subject {
  readonly name: string
  /** Nobody else can connect to its data. */
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
      const create = (through: typeof client) => createRedisStore({ client: through })
      const ownCases = redisCases(client, create, (...command) => client.sendCommand(command))
      return { store: create(client), ownCases, close: () => client.close() }
    },
  },
  {
    name: `redis (ioredis ${versionOf('ioredis')})`,
    async connect({ redis }) {
      const { Redis } = await import('ioredis')
      const client = new Redis(redis)
      const create = (through: typeof client) => createIoredisStore({ client: through })
      const ownCases = redisCases(client, create, (name, ...args) => client.call(name, ...args))
      return { store: create(client), ownCases, close: () => client.quit() }
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
      return { store: createUpstashStore({ client }) }
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
      return sqlite(new DatabaseSync(join(folder, 'node.db'), { timeout: 5000 }))
    },
  },
  {
    name: `sqlite (better-sqlite3 ${versionOf('better-sqlite3')})`,
    async connect({ folder }) {
      const { default: Database } = await import('better-sqlite3')
      return sqlite(new Database(join(folder, 'better.db'), { timeout: 5000 }))
    },
  },
]

function postgresql(client: PostgresClient): Promise<Connection> {
  return sql((options) => createPostgresStore({ client, ...options }))
}

async function sqlite(
  database: SqliteDatabase & { exec(sql: string): unknown; close(): unknown },
): Promise<Connection> {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const connection = await sql((options) => createSqliteStore({ database, ...options }))
  return { ...connection, close: () => database.close() }
}

// Expiry is judged by the store's `now`, so nobody has to wait for it.
let now = Date.now() / 1000

async function sql(create: (options: SqlStoreOptions) => SqlStore): Promise<Connection> {
  const store = create({ now: () => now })
  await store.createSchema()
  const waitUntilExpired = async (seconds: number) => void (now += seconds)
  return { store, ownCases: sqlCases(create), contract: { now: () => now, waitUntilExpired } }
}

function versionOf(name: string): string {
  const manifest = readFileSync(join('node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
