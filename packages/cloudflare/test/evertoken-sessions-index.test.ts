import { expect, it } from 'vitest'
import { EvertokenSessions, type SessionsStorage } from '../src/evertoken-sessions.ts'

/** Storage in memory that counts the entries that were listed. */
function createObject() {
  const kept = new Map<string, unknown>()
  let listed = 0
  let alarm: number | undefined
  const kv: SessionsStorage['kv'] = {
    get: (name) => kept.get(name),
    put: (name, value) => void kept.set(name, value),
    delete: (name) => kept.delete(name),
    list() {
      listed += kept.size
      return [...kept]
    },
  }
  const storage: SessionsStorage = {
    kv,
    setAlarm: async (at) => void (alarm = at),
    deleteAlarm: async () => void (alarm = undefined),
    deleteAll: async () => kept.clear(),
  }
  const object = new EvertokenSessions({ storage })
  async function ask(...call: unknown[]): Promise<unknown> {
    const body = JSON.stringify(call)
    return (await object.fetch(new Request('https://sessions/', { method: 'POST', body }))).json()
  }
  return { ask, object, kept, alarm: () => alarm, listed: () => listed }
}

const now = Math.ceil(Date.now() / 1000)

it('costs not the square of the number of keys, neither to add nor to remove them', async () => {
  const { ask, kept, alarm, listed } = createObject()
  const count = 2000
  for (let i = 0; i < count; i++) {
    await ask('add_key', `key ${i}`, now + 1000 + i)
    expect(alarm()).toBeGreaterThan((now + 1000 + i) * 1000)
  }
  expect(await ask('list_keys')).toHaveLength(count)
  for (let i = 0; i < count; i++) await ask('remove_key', `key ${i}`)
  expect(listed()).toBeLessThan(count * 12)
  expect([kept.size, alarm()]).toEqual([0, undefined])
})

it('drops keys that have expired, also if there are many', async () => {
  const { ask, kept } = createObject()
  for (let i = 0; i < 100; i++) await ask('add_key', `key ${i}`, now + 1000)
  for (let i = 0; i < 100; i++) await ask('add_key', `old ${i}`, now - 1000)
  for (let i = 0; i < 200; i++) await ask('add_key', 'key 0', now + 1000)
  expect(await ask('list_keys')).toHaveLength(100)
  expect(kept.size).toBe(101)
})
