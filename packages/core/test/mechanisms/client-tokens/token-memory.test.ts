import { expect, it } from 'vitest'
import { createTokenMemory } from '../../../src/mechanisms/client-tokens/token-memory.ts'

it('swaps only the record that the caller has read', async () => {
  const store = createTokenMemory({ now: () => 0 })
  expect(await store.swap('key', undefined, 'a', 10)).toBe(true)
  expect(await store.swap('key', undefined, 'b', 10)).toBe(false)
  expect(await store.swap('key', 'a', 'b', 10)).toBe(true)
  expect(await store.read('key')).toBe('b')
  await store.remove('key')
  expect(await store.read('key')).toBeUndefined()
  expect(await store.swap('key', undefined, 'c', 10)).toBe(true)
})

it('holds no record that has expired', async () => {
  let now = 0
  const store = createTokenMemory({ now: () => now })
  await store.swap('key', undefined, 'a', 10)
  now = 10
  expect(await store.read('key')).toBeUndefined()
  expect(await store.swap('key', 'a', 'b', 20)).toBe(false)
  expect(await store.swap('key', undefined, 'b', 20)).toBe(true)
})

it('drops the record of too many that was used longest ago', async () => {
  const store = createTokenMemory({ now: () => 0 })
  for (let i = 0; i < 2000; i++) await store.swap(`key ${i}`, undefined, 'a', 10)
  expect(await store.read('key 0')).toBe('a')
  await store.swap('key 2000', undefined, 'a', 10)
  expect(await store.read('key 1')).toBeUndefined()
  expect(await store.read('key 0')).toBe('a')
})
