import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../../src/mechanisms/stores/memory-store.ts'
import {
  createSessionDirectory,
  type SessionDirectory,
} from '../../../src/mechanisms/sessions/session-directory.ts'
import { createGuardedStore } from '../../../src/mechanisms/stores/guarded-store.ts'
import type { SessionStore } from '../../../src/ports/session-store.ts'
import type { EvertokenEvent } from '../../../src/vocabulary/index.ts'
import { createRecord, failureOf, hangs, LIFE } from '../bench.ts'

const NOW = 1_800_000_000
const token = { jti: 'j', sub: 'u', issuedAt: NOW, usableUntil: NOW + 360 }

function create(
  tweak: (store: SessionStore) => Partial<SessionStore> = () => ({}),
  issuer = 'https://a.example',
) {
  const clock = createManualClock()
  const events: EvertokenEvent[] = []
  const emit = (event: EvertokenEvent) => void events.push(event)
  const honest = createMemoryStore({ clock })
  const store = createGuardedStore({
    store: { ...honest, ...tweak(honest) },
    emit,
    clock,
    storeTimeoutMs: 1000,
  })
  const { index } = store
  if (!index) throw new Error('The store has no index')
  const directory: SessionDirectory = createSessionDirectory(store, index, issuer)
  return { clock, events, store, directory, index }
}

describe('the session directory', () => {
  it('S12: finds sessions by user and by session id, each once', async () => {
    const { directory } = create()
    await directory.add(createRecord(NOW, { id: 'one', claims: { sub: 'u', sid: 's' } }))
    await directory.add(createRecord(NOW, { id: 'two', claims: { sub: 'u' } }))
    await directory.add(createRecord(NOW, { id: 'three', claims: { sub: 's', sid: 'u' } }))
    await directory.add(createRecord(NOW, { id: 'four', claims: {} }))
    const found = async (named: object) => new Set(await directory.find(named))

    expect(await found({ sub: 'u' })).toEqual(new Set(['one', 'two']))
    expect(await found({ sid: 's' })).toEqual(new Set(['one']))
    expect(await directory.find({ sub: 'u', sid: 's' })).toHaveLength(2)
    expect(await directory.find({})).toEqual([])
    await directory.forget(createRecord(NOW, { id: 'one', claims: { sub: 'u', sid: 's' } }))
    expect(await found({ sub: 'u', sid: 's' })).toEqual(new Set(['two']))
  })

  it('finds nothing of another issuer', async () => {
    const { directory, store, index } = create()
    await directory.add(createRecord(NOW, { claims: { sub: 'u' } }))
    const other = createSessionDirectory(store, index, 'https://b.example')
    expect(await other.find({ sub: 'u' })).toEqual([])
  })

  it('keeps an entry for as long as the session may live', async () => {
    const { directory, clock } = create()
    await directory.add(createRecord(clock.now(), { id: 'one', claims: { sub: 'u' } }))
    await clock.advance(LIFE * 1000 - 1)
    expect(await directory.find({ sub: 'u' })).toEqual(['one'])
    await clock.advance(1)
    expect(await directory.find({ sub: 'u' })).toEqual([])
  })

  it('S12: takes a token once, until it would be too old anyway', async () => {
    const { directory, clock } = create()
    expect(await directory.markUsed(token)).toBe(true)
    expect(await directory.markUsed(token)).toBe(false)
    expect(await directory.markUsed({ ...token, jti: 'another' })).toBe(true)
    await clock.advance(359_999)
    expect(await directory.markUsed(token)).toBe(false)
    await directory.unmarkUsed(token)
    expect(await directory.markUsed(token)).toBe(true)
  })

  it('S12: only one of many parallel requests takes it', async () => {
    const { directory } = create()
    const taken = await Promise.all(Array.from({ length: 20 }, () => directory.markUsed(token)))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it('knows its own try again when the client of the store has sent it twice', async () => {
    const { directory } = create((store) => ({
      async swap(...args) {
        await store.swap(...args)
        return store.swap(...args)
      },
    }))
    expect(await directory.markUsed(token)).toBe(true)
    expect(await directory.markUsed(token)).toBe(false)
  })

  it('S12: has taken a token when it was written down and only the answer of the store was lost', async () => {
    const { directory } = create((store) => ({
      async swap(...args) {
        await store.swap(...args)
        throw new Error('reset')
      },
    }))
    expect(await directory.markUsed(token)).toBe(true)
    expect(await failureOf(directory.markUsed(token))).toMatchObject({ code: 'store_unavailable' })
  })

  it('fails with a typed error, in bounded time', async () => {
    const { directory, clock, events } = create((store) => ({
      swap: hangs,
      index: { ...store.index, add: () => Promise.reject(new Error('canary')), keys: hangs, remove: hangs },
    }))
    expect(await failureOf(directory.add(createRecord(NOW)))).toMatchObject({ code: 'store_unavailable' })
    const waiting = [directory.find({ sub: 'u' }), directory.markUsed(token)].map(failureOf)
    while (clock.pending < 2) await new Promise((resolve) => setTimeout(resolve))
    await clock.advance(1000)
    for (const failure of await Promise.all(waiting))
      expect(failure).toMatchObject({ code: 'store_unavailable', cause: { name: 'TimeoutError' } })
    expect(events).toEqual([{ type: 'store_failed', operation: 'index', cause: expect.anything() }])
  })
})
