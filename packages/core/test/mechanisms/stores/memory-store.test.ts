import { createManualClock, sessionStoreContract } from '@evertoken/testkit'
import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createMemoryStore } from '../../../src/mechanisms/stores/memory-store.ts'
import type { SessionIndex, SessionStore } from '../../../src/ports/session-store.ts'

const LONG = 1_800_009_999

function indexOf(store: SessionStore): SessionIndex {
  if (!store.index) throw new Error('It has no index')
  return store.index
}

describe('the session store contract', () => {
  const clock = createManualClock()
  const waitUntilExpired = (seconds: number) => clock.advance(seconds * 1000)
  const cases = sessionStoreContract(() => createMemoryStore({ clock }), {
    now: clock.now,
    waitUntilExpired,
  })
  it.each(cases)('$name', ({ run }) => run())
})

describe('createMemoryStore', () => {
  it('is strongly consistent, and uses real time by default', async () => {
    const store = createMemoryStore()
    expect(store.consistency).toBe('strong')
    await store.swap('past', undefined, 'a', Date.now() / 1000 - 1)
    await store.swap('future', undefined, 'b', Date.now() / 1000 + 60)
    expect([await store.read('past'), await store.read('future')]).toEqual([undefined, 'b'])
  })

  it.each([0, -1, 0.5, Number.NaN, Infinity])('refuses to keep %s entries', (maxEntries) => {
    expect(() => createMemoryStore({ maxEntries })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    )
  })

  it.each([null, 5, {}, { now: () => 0 }])('refuses %o as its clock', (clock) => {
    expect(() => createMemoryStore({ clock: clock as never })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    )
  })

  it('holds a record until its second and not at it', async () => {
    const clock = createManualClock(1000)
    const store = createMemoryStore({ clock })
    await store.swap('k', undefined, 'r', 1001)
    await clock.advance(999)
    expect(await store.read('k')).toBe('r')
    await clock.advance(1)
    expect(await store.read('k')).toBeUndefined()
    expect(await store.swap('k', 'r', 's', 2000)).toBe(false)
    expect(await store.swap('k', undefined, 's', 2000)).toBe(true)
  })

  it('makes room by removing the oldest record, and a rewrite makes a record new', async () => {
    const store = createMemoryStore({ maxEntries: 3, clock: { now: () => 0, elapsed: () => 0 } })
    for (const key of ['a', 'b', 'c']) await store.swap(key, undefined, '1', LONG)
    await store.swap('a', '1', '2', LONG)
    await store.swap('d', undefined, '1', LONG)
    const held = await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.read(key)))
    expect(held).toEqual(['2', undefined, '1', '1'])
  })

  it('holds the last written records within its limit, after all writes, rewrites and removals', async () => {
    const change = fc.tuple(fc.nat(4), fc.constantFrom('write', 'write', 'remove', 'lose'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 10, maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 4 }),
        async (changes, maxEntries) => {
          const store = createMemoryStore({ maxEntries, clock: { now: () => 0, elapsed: () => 0 } })
          const index = indexOf(store)
          let written: string[] = []
          for (const [i, [nth, what]] of changes.entries()) {
            const key = `k${nth}`
            if (what === 'lose') await store.swap(key, 'not this', 'lost', LONG)
            else written = written.filter((other) => other !== key)
            if (what === 'remove') await Promise.all([store.remove(key), index.remove('term', key)])
            if (what === 'write') {
              await store.swap(key, await store.read(key), `r${i}`, LONG)
              await index.add('term', key, LONG)
              written = [...written, key].slice(-maxEntries)
            }
          }
          const keys = Array.from({ length: 5 }, (_, nth) => `k${nth}`)
          const held = await Promise.all(keys.map((key) => store.read(key)))
          expect(keys.filter((_, nth) => held[nth] !== undefined)).toEqual(written.toSorted())
          expect(await index.keys('term')).toEqual(written)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('removes expired records first, to make room for live ones', async () => {
    const clock = createManualClock(1000)
    const store = createMemoryStore({ maxEntries: 20, clock })
    const index = indexOf(store)
    const living = ['a', 'b', 'c', 'd', 'e']
    for (const key of living) {
      await store.swap(key, undefined, 'r', LONG)
      await index.add('living', key, LONG)
    }
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 12; i++) {
        await store.swap(`${round}-${i}`, undefined, 'r', clock.now() + 1)
        await index.add(`${round}-${i}`, 'k', clock.now() + 1)
        await store.swap('removed', undefined, 'r', LONG)
        await store.remove('removed')
      }
      await clock.advance(1000)
    }
    expect(await Promise.all(living.map((key) => store.read(key)))).toEqual(living.map(() => 'r'))
    expect(await index.keys('living')).toEqual(living)
  })

  it('takes as many steps with ten thousand entries as with ten', async () => {
    const steps = async (size: number) => {
      const look = vi.fn(() => 0)
      const store = createMemoryStore({ clock: { now: look, elapsed: look } })
      const index = indexOf(store)
      for (let i = 0; i < size; i++) {
        await store.swap(`k${i}`, undefined, 'r', LONG)
        await index.add('one term', `k${i}`, LONG)
      }
      look.mockClear()
      await store.swap('k3', 'r', 's', LONG)
      await store.read('k3')
      await store.remove('k3')
      await index.add('one term', 'k3', LONG)
      await index.remove('one term', 'k3')
      return look.mock.calls.length
    }
    const few = await steps(10)
    expect(few).toBeLessThan(15)
    expect(await steps(10_000)).toBe(few)
  })
})

describe('a wall clock that jumps', () => {
  const DAY = 86_400

  it('drops nothing, in a glitch of two days in which others are written', async () => {
    const clock = createManualClock()
    const store = createMemoryStore({ maxEntries: 20, clock })
    const index = indexOf(store)
    const expiresAt = clock.now() + DAY
    await store.swap('before', undefined, 'r', expiresAt)
    await index.add('term', 'before', expiresAt)
    clock.jump(2 * DAY)
    for (let i = 0; i < 10; i++) {
      await store.swap(`in it ${i}`, undefined, 'r', clock.now() + DAY)
      await index.add('other', `in it ${i}`, clock.now() + DAY)
    }
    expect([await store.read('before'), await index.keys('term')]).toEqual(['r', ['before']])
    clock.jump(-2 * DAY)
    expect([await store.read('before'), await index.keys('term')]).toEqual(['r', ['before']])
    expect(await store.read('in it 9')).toBe('r')
    await clock.advance(DAY * 1000)
    expect([await store.read('before'), await index.keys('term')]).toEqual([undefined, []])
    expect([await store.read('in it 9'), await index.keys('other')]).toEqual([undefined, []])
  })

  it('drops nothing that is rewritten with an expiry from before the jump', async () => {
    const clock = createManualClock()
    const store = createMemoryStore({ clock })
    const expiresAt = clock.now() + DAY
    await store.swap('k', undefined, 'r', expiresAt)
    await clock.advance(3_600_000)
    clock.jump(2 * DAY)
    await store.swap('k', 'r', 's', expiresAt + 3600)
    expect(await store.read('k')).toBe('s')
    clock.jump(-2 * DAY)
    await clock.advance(DAY * 1000 - 1)
    expect(await store.read('k')).toBe('s')
    await clock.advance(1)
    expect(await store.read('k')).toBeUndefined()
  })

  const key = fc.constantFrom('a', 'b', 'c')
  const act = fc.oneof(
    fc.record({ act: fc.constant('write' as const), key, seconds: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ act: fc.constant('jump' as const), seconds: fc.integer({ min: -3 * DAY, max: 3 * DAY }) }),
    fc.record({ act: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 60 }) }),
  )

  it('neither drops nor brings back anything, whatever is written and whenever it jumps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40, size: 'max' }), async (acts) => {
        const clock = createManualClock()
        const store = createMemoryStore({ clock })
        const index = indexOf(store)
        const dueAt = new Map<string, number>()
        let written = 0
        for (const next of acts) {
          if (next.act === 'jump') clock.jump(next.seconds)
          if (next.act === 'pass') await clock.advance(next.seconds * 1000)
          if (next.act === 'write') {
            // Each record is written once: how long a rewrite keeps it is another property.
            const name = `${next.key}${(written += 1)}`
            await store.swap(name, undefined, 'r', clock.now() + next.seconds)
            await index.add('term', name, clock.now() + next.seconds)
            dueAt.set(name, clock.elapsed() + next.seconds * 1000)
          }
          const names = [...dueAt.keys()]
          const live = names.filter((name) => clock.elapsed() < (dueAt.get(name) ?? 0))
          const held = await Promise.all(names.map((name) => store.read(name)))
          expect(names.filter((_, i) => held[i] !== undefined)).toEqual(live)
          expect(await index.keys('term')).toEqual(live)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('never shortens the expiry of a rewrite, and never restores a removed record', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40, size: 'max' }), async (acts) => {
        const clock = createManualClock()
        const store = createMemoryStore({ clock })
        const dueAt = new Map<string, number>()
        const gone = new Set<string>()
        for (const [i, next] of acts.entries()) {
          if (next.act === 'jump') clock.jump(next.seconds)
          if (next.act === 'pass') await clock.advance(next.seconds * 1000)
          if (next.act === 'write') {
            await store.swap(next.key, await store.read(next.key), `r${i}`, clock.now() + next.seconds)
            dueAt.set(next.key, clock.elapsed() + next.seconds * 1000)
            gone.delete(next.key)
          }
          for (const [name, due] of dueAt) {
            const isThere = (await store.read(name)) !== undefined
            if (clock.elapsed() < due) expect(isThere).toBe(true)
            if (!isThere) gone.add(name)
            expect(isThere && gone.has(name)).toBe(false)
          }
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('its index', () => {
  it('keeps the keys of one term within the same bounds, the oldest going first', async () => {
    const store = createMemoryStore({ maxEntries: 3, clock: { now: () => 0, elapsed: () => 0 } })
    const index = indexOf(store)
    for (const key of ['a', 'b', 'c', 'd']) await index.add('term', key, LONG)
    expect(await index.keys('term')).toEqual(['b', 'c', 'd'])
    await index.add('term', 'b', LONG)
    await index.add('other', 'e', LONG)
    expect([await index.keys('term'), await index.keys('other')]).toEqual([['d', 'b'], ['e']])
  })

  it('is only ever extended by adding the same pair again', async () => {
    const clock = createManualClock(1000)
    const index = indexOf(createMemoryStore({ clock }))
    await index.add('term', 'k', 1010)
    await index.add('term', 'k', 1005)
    await clock.advance(9000)
    expect(await index.keys('term')).toEqual(['k'])
    await clock.advance(1000)
    expect(await index.keys('term')).toEqual([])
  })

  it('never loses the key of a session that is stored, however many others are listed', async () => {
    const store = createMemoryStore({ maxEntries: 3, clock: { now: () => 0, elapsed: () => 0 } })
    const index = indexOf(store)
    for (const term of ['sub', 'sid']) await index.add(term, 'k', LONG)
    await store.swap('k', undefined, 'r', LONG)
    for (let i = 0; i < 20; i++) {
      await index.add('sub', `not stored ${i}`, LONG)
      await index.add(`sid ${i}`, `not stored ${i}`, LONG)
    }
    expect(await index.keys('sid')).toEqual(['k'])
    expect(await index.keys('sub')).toEqual(['k', 'not stored 17', 'not stored 18', 'not stored 19'])
  })

  it('loses the keys of a session with its record', async () => {
    const clock = createManualClock()
    const store = createMemoryStore({ maxEntries: 2, clock })
    const index = indexOf(store)
    for (const key of ['a', 'b', 'c']) {
      await store.swap(key, undefined, 'r', clock.now() + 10)
      await index.add('term', key, clock.now() + 1000)
    }
    expect(await index.keys('term')).toEqual(['b', 'c'])
    await clock.advance(10_000)
    for (const key of ['d', 'e']) await store.swap(key, undefined, 'r', clock.now() + 10)
    expect(await index.keys('term')).toEqual([])
  })

  it('keeps a bounded number of terms for one session, the newest', async () => {
    const store = createMemoryStore({ clock: { now: () => 0, elapsed: () => 0 } })
    const index = indexOf(store)
    await store.swap('k', undefined, 'r', LONG)
    for (let i = 0; i < 100; i++) await index.add(`sid ${i}`, 'k', LONG)
    expect(await index.keys('sid 0')).toEqual([])
    expect(await index.keys('sid 99')).toEqual(['k'])
  })
})

describe('who makes room', () => {
  const frozen = { now: () => 0, elapsed: () => 0 }
  const held = async (store: SessionStore, keys: readonly string[]) => {
    const records = await Promise.all(keys.map((key) => store.read(key)))
    return keys.filter((_, i) => records[i] !== undefined)
  }

  it('S27: one user cannot push out the records of the others', async () => {
    const store = createMemoryStore({ maxEntries: 10, clock: frozen })
    for (const owner of ['a', 'b', 'c']) await store.swap(owner, undefined, 'r', LONG, { owner })
    for (let i = 0; i < 100; i++) await store.swap(`m${i}`, undefined, 'r', LONG, { owner: 'm' })
    expect(await held(store, ['a', 'b', 'c', 'm92', 'm93', 'm99'])).toEqual(['a', 'b', 'c', 'm93', 'm99'])
  })

  it('S27: nothing pushes out a note that a session has ended, but other notes', async () => {
    const store = createMemoryStore({ maxEntries: 3, clock: frozen })
    await store.swap('a', undefined, 'r', LONG, { owner: 'a' })
    await store.swap('a', 'r', 'note', LONG, { isNote: true })
    for (let i = 0; i < 10; i++) await store.swap(`r${i}`, undefined, 'r', LONG, { owner: `user ${i}` })
    expect(await held(store, ['a', 'r6', 'r7', 'r9'])).toEqual(['a', 'r7', 'r9'])
    for (let i = 0; i < 10; i++) await store.swap(`n${i}`, undefined, 'r', LONG, { owner: 'm', isNote: true })
    expect(await held(store, ['a', 'n7', 'n8', 'n9'])).toEqual(['a', 'n8', 'n9'])
  })

  it('is the user who has the most, as a plain count shows, with the oldest record', async () => {
    const change = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(9), fc.boolean())
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 20, maxLength: 80, size: 'max' }), async (changes) => {
        const store = createMemoryStore({ maxEntries: 6, clock: frozen })
        let kept: { owner: string; key: string }[] = []
        const countOf = (owner: string) => kept.filter((each) => each.owner === owner).length
        for (const [i, [owner, nth, isRemoval]] of changes.entries()) {
          const key = `${owner}${nth}`
          const before = await store.read(key)
          if (isRemoval) await store.remove(key)
          else await store.swap(key, before, `r${i}`, LONG, { owner })
          const isNew = before === undefined && !isRemoval
          const most = Math.max(...['a', 'b', 'c'].map(countOf))
          const isFull = isNew && kept.length === 6
          const keys = await held(
            store,
            kept.map((each) => each.key),
          )
          const lost = kept.filter((each) => !keys.includes(each.key) && each.key !== key)
          expect(lost).toHaveLength(isFull ? 1 : 0)
          for (const each of lost) {
            expect(countOf(each.owner)).toBe(most)
            expect(kept.find((other) => other.owner === each.owner)).toBe(each)
          }
          kept = kept.filter((each) => each.key !== key && !lost.includes(each))
          if (!isRemoval) kept.push({ owner, key })
        }
      }),
      { numRuns: 200 },
    )
  })

  it('takes as many steps for ten thousand users as for ten', async () => {
    const steps = async (size: number) => {
      const look = vi.fn(() => 0)
      const store = createMemoryStore({ maxEntries: size, clock: { now: look, elapsed: look } })
      for (let i = 0; i < size; i++) await store.swap(`k${i}`, undefined, 'r', LONG, { owner: `${i}` })
      look.mockClear()
      await store.swap('one more', undefined, 'r', LONG, { owner: 'another' })
      return [look.mock.calls.length, await store.read('k0'), await store.read('k1')]
    }
    expect(await steps(10_000)).toEqual(await steps(10))
  })
})
