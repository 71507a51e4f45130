import { createManualClock } from '@evertoken/testkit'
import { expect, it, vi } from 'vitest'
import { createGuardedStore } from '../../../src/mechanisms/stores/guarded-store.ts'
import { createMemoryStore } from '../../../src/mechanisms/stores/memory-store.ts'
import type { SessionStore } from '../../../src/ports/session-store.ts'

const clock = createManualClock()

async function createStore(): Promise<SessionStore> {
  const store = createMemoryStore({ clock })
  await store.swap('key', undefined, 'record', clock.now() + 60)
  return store
}

function readNow(store: SessionStore, key: string): string | undefined {
  return createGuardedStore({ store, clock, emit() {}, storeTimeoutMs: 1000 }).readNow?.(key)
}

it('reads a memory store without a promise', async () => {
  const store = await createStore()
  expect([readNow(store, 'key'), readNow(store, 'another key')]).toEqual(['record', undefined])
  expect(readNow({ ...store }, 'key')).toBe('record')
})

it('does not read past a wrapper that has its own `read`', async () => {
  const store = await createStore()
  expect(readNow({ ...store, read: (key) => store.read(key) }, 'key')).toBeUndefined()
})

it('does not read past a `read` that was replaced later', async () => {
  const store = { ...(await createStore()) }
  const guarded = createGuardedStore({ store, clock, emit() {}, storeTimeoutMs: 1000 })
  store.read = () => Promise.resolve(undefined)
  expect(guarded.readNow?.('key')).toBeUndefined()
})

it('reads a store of another copy of this package without a promise', async () => {
  vi.resetModules()
  const other = await import('../../../src/mechanisms/stores/memory-store.ts')
  expect(other.createMemoryStore).not.toBe(createMemoryStore)
  const store = other.createMemoryStore({ clock })
  await store.swap('key', undefined, 'record', clock.now() + 60)
  expect(readNow(store, 'key')).toBe('record')
})
