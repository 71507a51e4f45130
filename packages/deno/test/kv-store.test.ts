import { describe, expect, it } from 'vitest'
import { createDenoKvStore, type DenoKv, type DenoKvEntry, type DenoKvKey } from '../src/index.ts'

// The contract on the real Deno KV is in kv-contract.ts. These tests need a fake, because the real one rarely behaves so.
describe('createDenoKvStore', () => {
  it('tries again when a busy file refuses a write', async () => {
    const store = createDenoKvStore(createTroubledKv(['before', 'before']))

    expect(await store.swap('key', undefined, 'first', 2e9)).toBe(true)
    expect(await store.read('key')).toBe('first')
  })

  it('counts a write as done whose answer was lost', async () => {
    const store = createDenoKvStore(createTroubledKv(['after']))

    expect(await store.swap('key', undefined, 'first', 2e9)).toBe(true)
    expect(await store.swap('key', undefined, 'first', 2e9)).toBe(false)
  })

  it('reads again if Deno KV removed an expired value between a read and a write', async () => {
    let now = 0
    const kv = createTroubledKv([])
    const store = createDenoKvStore(kv, { clock: { now: () => now, elapsed: () => now * 1000 } })
    await store.swap('key', undefined, 'first', 100)
    now = 200
    const swapped = store.swap('key', undefined, 'second', 300)
    await kv.delete(['evertoken', 'session', 'key'])

    expect(await swapped).toBe(true)
    expect(await store.read('key')).toBe('second')
  })

  it('lets Deno KV, which goes by the clock of the machine, remove a value 3 days after it expired', async () => {
    const lifetimes: (number | undefined)[] = []
    const store = createDenoKvStore(createTroubledKv([], lifetimes), {
      clock: { now: () => 100, elapsed: () => 0 },
    })
    await store.swap('key', undefined, 'record', 160)

    expect(lifetimes).toEqual([(60 + 3 * 86_400) * 1000])
  })

  it('refuses a record that no value of Deno KV can hold', async () => {
    const store = createDenoKvStore(createTroubledKv([]))

    const swapped = store.swap('key', undefined, 'x'.repeat(65_001), 2e9)

    await expect(swapped).rejects.toMatchObject({ name: 'ConfigurationError', code: 'session_too_large' })
  })
})

/** Fails at its first commits, before or after it has written. */
function createTroubledKv(troubles: ('before' | 'after')[], lifetimes: (number | undefined)[] = []): DenoKv {
  const entries = new Map<string, DenoKvEntry>()
  let version = 0
  const get = (key: DenoKvKey) => entries.get(key.join('/')) ?? { key, value: null, versionstamp: null }

  function commit(key: DenoKvKey, checked: string | null, value: unknown): { ok: boolean } {
    const trouble = troubles.shift()
    if (trouble === 'before') throw new TypeError('database is locked')
    if (get(key).versionstamp !== checked) return { ok: false }
    entries.set(key.join('/'), { key, value, versionstamp: String((version += 1)) })
    if (trouble === 'after') throw new TypeError('connection reset')
    return { ok: true }
  }

  return {
    get: async (key) => get(key),
    async delete(key) {
      entries.delete(key.join('/'))
    },
    async *list() {},
    atomic() {
      let checked: string | null = null
      let write: [DenoKvKey, unknown] = [[], null]
      return {
        check(check) {
          checked = check?.versionstamp ?? null
          return this
        },
        set(key, value, options) {
          write = [key, value]
          lifetimes.push(options?.expireIn)
          return this
        },
        commit: async () => commit(write[0], checked, write[1]),
      }
    },
  }
}
