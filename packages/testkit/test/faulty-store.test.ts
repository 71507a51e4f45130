import { createMemoryStore } from '@evertoken/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type StoreFault,
  type StoreOperation,
  createFaultyStore,
  createManualClock,
  pauseAfterProcessing,
  runContract,
  sessionStoreContract,
} from '../src/index.ts'

const FAR = 4_000_000_000

function createStores() {
  const clock = createManualClock()
  const inner = createMemoryStore({ clock })
  const store = createFaultyStore(inner, { clock })
  return { clock, inner, store }
}

/** Resolves to the result, or to the code of the error. */
function settle(operation: Promise<unknown>): Promise<unknown> {
  return operation.catch((error: { code?: unknown }) => error.code ?? error)
}

describe('createFaultyStore', () => {
  it('is a correct store without faults', async () => {
    const inner = createMemoryStore()
    const [store, secondStore] = [createFaultyStore(inner), createFaultyStore(inner)]
    const { failed } = await runContract(
      sessionStoreContract(() => store, { secondStore: () => secondStore }),
    )
    expect(failed).toEqual([])
    expect(store.consistency).toBe('strong')
    const { index: _index, ...plain } = createMemoryStore()
    expect(createFaultyStore(plain).index).toBeUndefined()
  })

  it.each([
    ['fails before the write', { type: 'fail' }, 'ECONNREFUSED', undefined],
    ['fails after the write', { type: 'fail', applied: true }, 'ECONNRESET', 'one'],
    ['loses a swap', { type: 'swapLost' }, false, undefined],
    ['loses only the result of a swap', { type: 'swapLost', applied: true }, false, 'one'],
    [
      'fails with an error of the test',
      { type: 'fail', error: new RangeError('full') },
      RangeError,
      undefined,
    ],
  ] as const)('%s', async (_, fault, result, held) => {
    const { inner, store } = createStores()
    store.script('swap', fault)
    const actual = await settle(store.swap('key', undefined, 'one', FAR))
    if (typeof result === 'function') expect(actual).toBeInstanceOf(result)
    else expect(actual).toBe(result)
    expect(await inner.read('key')).toBe(held)
    expect(store.log[0]).toMatchObject({
      kind: 'swap',
      key: 'key',
      fault: fault.type,
      applied: held !== undefined,
    })
  })

  it('hangs until it is released, and performs the operation at the time that the fault specifies', async () => {
    const { inner, store } = createStores()
    store.script('swap', [{ type: 'hang' }, { type: 'hang', applied: true }])
    const all = Promise.all([store.swap('a', undefined, 'one', FAR), store.swap('b', undefined, 'one', FAR)])
    await Promise.resolve()
    expect([await inner.read('a'), await inner.read('b')]).toEqual([undefined, 'one'])
    expect(store.log.map(({ outcome }) => outcome)).toEqual(['pending', 'pending'])
    store.release()
    expect(await all).toEqual([true, true])
    expect(await inner.read('a')).toBe('one')
  })

  it('delays on its clock, before or after the operation, and can fail then', async () => {
    const { clock, inner, store } = createStores()
    store.script('swap', [
      { type: 'delay', ms: 100 },
      { type: 'delay', ms: 100, when: 'after', next: { type: 'fail' } },
    ])
    const late = store.swap('a', undefined, 'one', FAR)
    const lost = settle(store.swap('b', undefined, 'one', FAR))
    await clock.advance(99)
    expect([await inner.read('a'), await inner.read('b')]).toEqual([undefined, 'one'])
    await clock.advance(1)
    expect([await late, await lost]).toEqual([true, 'ECONNRESET'])
  })

  it('pauses where a test can wait for it', async () => {
    const { inner, store } = createStores()
    const pause = pauseAfterProcessing()
    store.script('swap', pause)
    const swap = store.swap('a', undefined, 'one', FAR)
    await pause.reached
    expect(await inner.read('a')).toBe('one')
    pause.release()
    expect(await swap).toBe(true)
  })

  it('reads stale records, of other processes too', async () => {
    const { inner, store } = createStores()
    const replica = createFaultyStore(inner)
    await store.swap('a', undefined, 'one', FAR)
    await store.swap('a', 'one', 'two', FAR)
    await store.remove('a')
    replica.script('read', [
      undefined,
      { type: 'staleRead' },
      { type: 'staleRead', writes: 2 },
      { type: 'staleRead', writes: 3 },
      { type: 'staleRead', writes: 4 },
      { type: 'record', record: 42 },
    ])
    const reads: unknown[] = []
    for (let i = 0; i < 6; i += 1) reads.push(await replica.read('a'))
    expect(reads).toEqual([undefined, 'two', 'one', undefined, undefined, 42])
  })

  it('uses entries of the operation before those of any operation, and queued ones first', async () => {
    const { store } = createStores()
    const withCode = (code: string): StoreFault => ({
      type: 'fail',
      error: Object.assign(new Error(), { code }),
    })
    store.always('any', withCode('always any'))
    store.always('read', withCode('always read'))
    store.script('any', withCode('any'))
    store.script('read', withCode('read'))
    const codes: unknown[] = []
    for (let i = 0; i < 3; i += 1) codes.push(await settle(store.read('a')))
    expect([...codes, await settle(store.remove('a'))]).toEqual(['read', 'any', 'always read', 'always any'])
    store.always('read', undefined)
    store.always('any', ({ kind }) => (kind === 'index' ? { type: 'fail' } : undefined))
    expect(await store.read('a')).toBeUndefined()
    expect(await settle(store.index?.add('t', 'a', FAR) ?? Promise.resolve())).toBe('ECONNREFUSED')
  })

  it('is down from one time until another', async () => {
    const { clock, store } = createStores()
    store.outage({ afterMs: 100, forMs: 50 })
    const slow = store.outage({ fault: { type: 'delay', ms: 10 }, operations: ['remove'] })
    expect(await store.read('a')).toBeUndefined()
    const removal = store.remove('a')
    expect(store.log.at(-1)?.fault).toBe('delay')
    slow.end()
    await clock.advance(100)
    await removal
    expect(await settle(store.swap('a', undefined, 'one', FAR))).toBe('ECONNREFUSED')
    await clock.advance(49)
    expect(await settle(store.read('a'))).toBe('ECONNREFUSED')
    await clock.advance(1)
    expect(await store.swap('a', undefined, 'one', FAR)).toBe(true)
  })

  it('loses exactly the last writes in a failover', async () => {
    const write = fc.record({ key: fc.constantFrom('a', 'b'), remove: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 12 }), fc.nat(12), async (writes, count) => {
        const { inner, store } = createStores()
        const states: (string | undefined)[][] = [[undefined, undefined]]
        for (const [i, { key, remove }] of writes.entries()) {
          const held = await inner.read(key)
          if (remove && held !== undefined) await store.remove(key)
          else await store.swap(key, held, `record ${i}`, FAR)
          states.push([await inner.read('a'), await inner.read('b')])
        }
        const lost = Math.min(count, writes.length)
        expect(await store.failOver({ writes: count })).toBe(lost)
        expect([await store.read('a'), await store.read('b')]).toEqual(states.at(-1 - lost))
      }),
      { numRuns: 60 },
    )
  })

  it('loses the writes of the last milliseconds, index included, and is unreachable during the failover', async () => {
    const { clock, inner, store } = createStores()
    const other = createFaultyStore(inner, { clock })
    await store.index?.add('term', 'early', FAR)
    await clock.advance(1000)
    await other.swap('a', undefined, 'one', FAR)
    await store.index?.add('term', 'late', FAR)
    await store.index?.remove('term', 'early')
    const failover = store.failOver({ sinceMs: 500 })
    expect(await settle(other.read('a'))).toBe('ECONNREFUSED')
    expect(await failover).toBe(3)
    expect([await other.read('a'), await store.index?.keys('term')]).toEqual([undefined, ['early']])
  })

  it('counts and logs operations, without records', async () => {
    const { clock, store } = createStores()
    await clock.advance(5)
    await store.swap('a', undefined, 'secret', FAR)
    await store.swap('a', undefined, 'secret', FAR)
    await store.index?.keys('term')
    expect(store.log).toEqual([
      { kind: 'swap', key: 'a', at: 5, fault: undefined, applied: true, outcome: 'resolved', swapped: true },
      { kind: 'swap', key: 'a', at: 5, fault: undefined, applied: true, outcome: 'resolved', swapped: false },
      {
        kind: 'index',
        method: 'keys',
        term: 'term',
        at: 5,
        fault: undefined,
        applied: true,
        outcome: 'resolved',
      },
    ])
    expect(store.counts).toEqual({ read: 0, swap: 2, remove: 0, index: 1 })
    store.resetCounts()
    expect([store.log, store.counts.swap]).toEqual([[], 0])
    const quiet = createFaultyStore(createMemoryStore(), { keepLog: false })
    await quiet.read('a')
    expect([quiet.log, quiet.counts.read]).toEqual([[], 1])
  })

  it.each([
    ['read', { type: 'swapLost' }],
    ['swap', { type: 'staleRead' }],
    ['remove', { type: 'delay', ms: 1, next: { type: 'record', record: 1 } }],
  ] as const)('rejects a fault for %s that never happens', (kind: StoreOperation, fault: StoreFault) => {
    const { store } = createStores()
    expect(() => store.script(kind, fault)).toThrow(/does not apply to .* Use it for/)
    expect(() => store.always(kind, fault)).toThrow(TypeError)
    expect(() => store.always('any', fault)).not.toThrow()
  })

  it('ignores a fault for any operation where it does not fit', async () => {
    const { store } = createStores()
    store.always('any', { type: 'swapLost' })
    expect(await store.read('a')).toBeUndefined()
    expect(await store.swap('a', undefined, 'one', FAR)).toBe(false)
  })

  it('rejects numbers out of range', () => {
    const { store } = createStores()
    expect(() => store.outage({ forMs: -1 })).toThrow(/`forMs` is -1/)
    expect(() => store.failOver({ writes: 0.5 })).toThrow(/`writes` is 0.5/)
    expect(() => store.failOver({ sinceMs: Number.NaN })).toThrow(/`sinceMs` is NaN/)
  })
})
