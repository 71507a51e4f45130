import assert from 'node:assert/strict'
import type { Clock } from '@evertoken/core'
import type { SqlStore, SqlStoreOptions } from '@evertoken/core/sql'
import type { ContractCase } from '@evertoken/testkit'

export type StoreClock = Pick<Clock, 'now' | 'elapsed'>
type Create = (options: SqlStoreOptions) => SqlStore

const DAY_SECONDS = 86_400
/** So long ago that every store removes it. */
const LONG_AGO = -10 * DAY_SECONDS

export function sqlCases(create: Create): ContractCase[] {
  return [
    {
      name: 'sql: many create the same schema at the same time',
      async run() {
        const table = newTable()
        const stores = Array.from({ length: 20 }, () => create({ table }))
        await Promise.all(stores.map((store) => store.createSchema()))
        assert.equal(await stores[0]?.read('key'), undefined)
      },
    },
    {
      name: 'sql: removes only expired records, up to the given number',
      async run() {
        const store = await createTable(create)
        for (const [key, seconds] of [
          ['a', LONG_AGO],
          ['b', LONG_AGO],
          ['c', LONG_AGO],
          ['d', 60],
        ] as const) {
          await store.swap(key, undefined, `record-${key}`, inSeconds(seconds))
          await store.index?.add('term', key, inSeconds(seconds))
        }
        assert.equal(await store.removeExpired(2), 4)
        assert.equal(await store.removeExpired(2), 2)
        assert.equal(await store.removeExpired(2), 0)
        assert.equal(await store.read('d'), 'record-d')
        assert.deepEqual(await store.index?.keys('term'), ['d'])
      },
    },
    {
      name: 'sql: many remove expired records at the same time, while these are created again',
      async run() {
        const store = await createTable(create)
        const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
        await Promise.all(keys.map((key) => store.swap(key, undefined, 'old', inSeconds(LONG_AGO))))
        const created = await Promise.all(
          keys.map(async (key) => {
            const [swapped] = await Promise.all([
              store.swap(key, undefined, 'new', inSeconds(60)),
              store.removeExpired(30),
            ])
            return swapped
          }),
        )
        assert.ok(created.every(Boolean))
        const records = await Promise.all(keys.map((key) => store.read(key)))
        assert.equal(records.filter((record) => record === 'new').length, keys.length)
      },
    },
    {
      name: 'sql: removes no session by a clock that is 2 days ahead',
      async run() {
        const table = newTable()
        const store = await createTable(create, table)
        await store.swap('key', undefined, 'record', inSeconds(60))
        await store.index?.add('term', 'key', inSeconds(60))
        const ahead = create({ table, clock: wrongClock(2 * DAY_SECONDS) })
        assert.equal(await ahead.removeExpired(), 0)
        assert.equal(await store.read('key'), 'record')
        assert.deepEqual(await store.index?.keys('term'), ['key'])
      },
    },
    {
      name: 'sql: refuses an invalid table name',
      async run() {
        for (const table of ['', 'a b', 'a"; DROP TABLE b; --', '1a', 'a'.repeat(41), 'tablé']) {
          assert.throws(() => create({ table }), { name: 'ConfigurationError', code: 'invalid_option' })
        }
      },
    },
  ]
}

/** PostgreSQL has its own clock. */
export function postgresCases(create: Create): ContractCase[] {
  return [
    {
      name: 'postgresql: judges expiry by its own clock, whatever the process thinks',
      async run() {
        const table = newTable()
        const store = await createTable(create, table)
        for (const offSeconds of [2 * DAY_SECONDS, -2 * DAY_SECONDS]) {
          const key = String(offSeconds)
          await store.swap(key, undefined, 'record', inSeconds(60))
          await store.swap(`over ${key}`, undefined, 'record', inSeconds(-1))
          const wrong = create({ table, clock: wrongClock(offSeconds) })
          assert.equal(await wrong.read(key), 'record')
          assert.equal(await wrong.read(`over ${key}`), undefined)
        }
        assert.equal(await store.removeExpired(), 2)
      },
    },
    {
      name: 'postgresql: keeps the records of a process whose clock is 2 days behind',
      async run() {
        const table = newTable()
        const store = await createTable(create, table)
        const clock = wrongClock(-2 * DAY_SECONDS)
        const behind = create({ table, clock })
        await behind.swap('key', undefined, 'record', clock.now() + 60)
        await behind.index?.add('term', 'key', clock.now() + 60)
        assert.equal(await store.read('key'), 'record')
        assert.deepEqual(await store.index?.keys('term'), ['key'])
      },
    },
  ]
}

/** SQLite has only the clock of the machine. */
export function sqliteCases(create: Create): ContractCase[] {
  return [
    {
      name: 'sqlite: removes a row 3 days after it expired',
      async run() {
        const store = await createTable(create)
        await store.swap('recent', undefined, 'record', inSeconds(-3 * DAY_SECONDS + 60))
        await store.swap('old', undefined, 'record', inSeconds(-3 * DAY_SECONDS - 60))
        assert.equal(await store.removeExpired(), 1)
      },
    },
  ]
}

async function createTable(create: Create, table = newTable()): Promise<SqlStore> {
  const store = create({ table })
  await store.createSchema()
  return store
}

function newTable(): string {
  return `t_${crypto.randomUUID().slice(0, 8)}`
}

function wrongClock(offSeconds: number): StoreClock {
  return { now: () => inSeconds(offSeconds), elapsed: () => performance.now() }
}

function inSeconds(seconds: number): number {
  return Date.now() / 1000 + seconds
}
