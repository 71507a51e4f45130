import assert from 'node:assert/strict'
import type { SqlStore, SqlStoreOptions } from '@evertoken/core/sql'
import type { ContractCase } from '@evertoken/testkit'

export function sqlCases(create: (options: SqlStoreOptions) => SqlStore): ContractCase[] {
  return [
    {
      name: 'sql: many create the same schema at once',
      async run() {
        const table = newTable()
        const stores = Array.from({ length: 20 }, () => create({ table }))
        await Promise.all(stores.map((store) => store.createSchema()))
        assert.equal(await stores[0]?.read('key'), undefined)
      },
    },
    {
      name: 'sql: removes what has expired, as much of it as is asked, and nothing else',
      async run() {
        let now = 100
        const store = create({ table: newTable(), now: () => now })
        await store.createSchema()
        for (const [key, expiresAt] of [
          ['a', 110],
          ['b', 110],
          ['c', 110],
          ['d', 120],
        ] as const) {
          await store.swap(key, undefined, `record-${key}`, expiresAt)
          await store.index?.add('term', key, expiresAt)
        }
        now = 110
        assert.equal(await store.removeExpired(2), 4)
        assert.equal(await store.removeExpired(2), 2)
        assert.equal(await store.removeExpired(2), 0)
        assert.equal(await store.read('d'), 'record-d')
        assert.deepEqual(await store.index?.keys('term'), ['d'])
      },
    },
    {
      name: 'sql: many remove what has expired at once, while it is created anew',
      async run() {
        let now = 100
        const store = create({ table: newTable(), now: () => now })
        await store.createSchema()
        const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
        await Promise.all(keys.map((key) => store.swap(key, undefined, 'old', 110)))
        now = 110
        const created = await Promise.all(
          keys.map(async (key) => {
            const [swapped] = await Promise.all([
              store.swap(key, undefined, 'new', 120),
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
      name: 'sql: refuses what is no table name',
      async run() {
        for (const table of ['', 'a b', 'a"; DROP TABLE b; --', '1a', 'a'.repeat(41), 'tablé']) {
          assert.throws(() => create({ table }), { name: 'ConfigurationError', code: 'invalid_option' })
        }
      },
    },
  ]
}

function newTable(): string {
  return `t_${crypto.randomUUID().slice(0, 8)}`
}
