import { describe, expect, it } from 'vitest'
import { createGuardedStore } from '../../../src/mechanisms/stores/guarded-store.ts'
import { createMemoryStore } from '../../../src/mechanisms/stores/memory-store.ts'
import { createSeal } from '../../../src/mechanisms/sessions/seal.ts'
import { createSealedStore } from '../../../src/mechanisms/sessions/sealed-store.ts'
import type { SessionStore } from '../../../src/ports/session-store.ts'
import { OperatorError } from '../../../src/vocabulary/index.ts'
import {
  asleep,
  type Bench,
  createBench,
  createRecord,
  failureOf,
  hangs,
  SECRET,
  STORE_TIMEOUT_MS,
  isRegistered,
  won,
} from '../bench.ts'
import { canaryErrors, expectNoCanary } from '../canaries.ts'

const OPERATIONS = ['read', 'swap', 'remove'] as const
const LATER = 1_800_001_000

function call({ sealedStore, clock }: Bench, operation: (typeof OPERATIONS)[number]): Promise<unknown> {
  if (operation === 'read') return sealedStore.read('k')
  if (operation === 'remove') return sealedStore.remove('k')
  return sealedStore.swap('k', undefined, createRecord(clock.now()), LATER)
}

/** A store whose `operation` works correctly and then rejects. */
function afterwards(
  operation: 'swap',
  fail: () => Promise<never>,
  also: (store: SessionStore) => unknown = () => 0,
) {
  return (store: SessionStore): Partial<SessionStore> => ({
    async [operation](...args: Parameters<SessionStore['swap']>) {
      await store[operation](...args)
      await also(store)
      return fail()
    },
  })
}

describe('sealedStore', () => {
  it('S26: keeps a record under its id, sealed', async () => {
    const { sealedStore, store, clock } = createBench()
    const record = createRecord(clock.now())
    const key = record.id
    const written = won(await sealedStore.swap(key, undefined, record, LATER))
    expect(await store.read(key)).toBe(written.sealed)
    expect(written.sealed).not.toContain(record.id)
    expect(await sealedStore.read(key)).toEqual({ record, sealed: written.sealed })
    expect(await sealedStore.open(written.sealed ?? '')).toEqual({ record, sealed: written.sealed })
    await sealedStore.remove(key)
    expect(await sealedStore.read(key)).toBeUndefined()
  })

  it('is read by another instance, which has seen neither record nor id before', async () => {
    const { sealedStore, store, clock } = createBench()
    const record = createRecord(clock.now())
    const key = record.id
    const written = won(await sealedStore.swap(key, undefined, record, LATER))
    const { sealedStore: another } = createBench(() => store)
    expect(await another.read(key)).toEqual(written)
    expect(await another.read(key)).toEqual(written)
  })

  it('reports a lost swap, and passes the expiry on', async () => {
    const { sealedStore, clock } = createBench()
    const record = createRecord(clock.now())
    const key = record.id
    const first = won(await sealedStore.swap(key, undefined, record, clock.now() + 10))
    expect(await sealedStore.swap(key, undefined, record, LATER)).toBe('again')
    expect(await sealedStore.swap(key, 'other', record, LATER)).toBe('again')
    expect((await sealedStore.read(key))?.sealed).toBe(first.sealed)
    await clock.advance(10_000)
    expect(await sealedStore.read(key)).toBeUndefined()
  })

  it.each([null, 7, true, {}, ['x'], new Uint8Array(3)])('refuses a store that holds %o', async (held) => {
    const { sealedStore } = createBench(() => ({ read: () => Promise.resolve(held as unknown as string) }))
    expect(await failureOf(sealedStore.read('k'))).toMatchObject({ code: 'store_record_unreadable' })
  })

  it('refuses what only prints like the right record', async () => {
    const { sealedStore, clock } = createBench(() => ({ read: () => Promise.resolve(held) }))
    const record = createRecord(clock.now())
    const held = Object((await sealedStore.seal(record)).sealed) as string
    expect(await failureOf(sealedStore.read(record.id))).toMatchObject({
      message: expect.stringContaining('malformed'),
    })
  })

  it.each(['', 'canary', '{"canary":1}', 'e1*Fe26.2*canary*', '\u0000'])(
    'refuses a record like %j',
    async (held) => {
      const { sealedStore } = createBench(() => ({ read: () => Promise.resolve(held) }))
      const error = await failureOf(sealedStore.read('k'))
      expect(error).toBeInstanceOf(OperatorError)
      expect(error).toMatchObject({ code: 'store_record_unreadable' })
      expectNoCanary(error)
    },
  )

  it('S32: reports why a record cannot be read', async () => {
    const theirs = createSeal(['another secret of 32 characters!'], 'session')
    const ours = createSeal([SECRET], 'session')
    const held = [await theirs.seal(createRecord(0)), await ours.seal({ not: 'a session' })]
    const messages = ['unknown key', 'malformed']
    for (const [i, sealed] of held.entries()) {
      const { sealedStore } = createBench(() => ({ read: () => Promise.resolve(sealed) }))
      expect(await failureOf(sealedStore.read('k'))).toMatchObject({
        message: expect.stringContaining(messages[i] ?? ''),
      })
    }
  })

  it('refuses the record of another session', async () => {
    const { sealedStore, store, clock } = createBench()
    const [mine, theirs] = [createRecord(clock.now()), createRecord(clock.now(), { id: 'other' })]
    const key = mine.id
    await store.swap(key, undefined, (await sealedStore.seal(theirs)).sealed, LATER)
    expect(await failureOf(sealedStore.read(key))).toMatchObject({
      code: 'store_record_unreadable',
      message: expect.stringContaining('another session'),
    })
  })

  describe.each(OPERATIONS)('a store that fails to %s', (operation) => {
    it('I5: is an operator error and an event, without data of the thrown value', async () => {
      const thrown = canaryErrors()
      thrown.push(new OperatorError('store_unavailable', 'canary'), undefined, Object.create(null))
      for (const error of thrown) {
        const synchronous = () => {
          throw error
        }
        for (const fail of [synchronous, () => Promise.reject(error)]) {
          const bench = createBench(() => ({ [operation]: fail }))
          const failure = await failureOf(call(bench, operation))
          expect(failure).toBeInstanceOf(OperatorError)
          expect(failure).toMatchObject({ code: 'store_unavailable', retryAfterSeconds: 1 })
          expect(bench.events).toEqual([{ type: 'store_failed', operation, cause: expect.anything() }])
          expectNoCanary(failure, bench.events)
        }
      }
    })

    it('fails after its time limit when it hangs, and not earlier', async () => {
      const bench = createBench(() => ({ [operation]: hangs }))
      const failure = failureOf(call(bench, operation))
      await asleep(bench.clock, failure)
      await bench.clock.advance(STORE_TIMEOUT_MS - 1)
      expect(bench.events).toEqual([])
      await bench.clock.advance(1)
      expect(await failure).toMatchObject({ code: 'store_unavailable', cause: { name: 'TimeoutError' } })
      expect(bench.events).toEqual([{ type: 'store_failed', operation, cause: expect.anything() }])
    })

    it('ends when it responds, and may fail after all callers have left', async () => {
      const late: ((error: Error) => void)[] = []
      const bench = createBench(() => ({
        [operation]: () => new Promise<never>((_, reject) => late.push(reject)),
      }))
      const failure = failureOf(call(bench, operation))
      await asleep(bench.clock, failure)
      await bench.clock.advance(STORE_TIMEOUT_MS)
      expect(await failure).toBeInstanceOf(OperatorError)
      for (const reject of late) reject(new Error('too late'))

      const honest = createBench()
      await call(honest, operation)
      expect(honest.clock.pending).toBe(0)
    })
  })

  it.each([
    ['is lost', () => Promise.reject(new Error('reset'))],
    ['never comes', hangs],
  ])('has written when the write was made and its answer %s', async (_how, fail) => {
    const { sealedStore, clock, events } = createBench(afterwards('swap', fail))
    const record = createRecord(clock.now())
    const key = record.id
    const written = sealedStore.swap(key, undefined, record, LATER)
    await asleep(clock, written)
    await clock.advance(STORE_TIMEOUT_MS)
    expect(won(await written).record).toEqual(record)
    expect(events).toEqual([{ type: 'store_failed', operation: 'swap', cause: expect.anything() }])
    expect(await sealedStore.read(key)).toEqual(await written)
  })

  it('has not written if another process has, or if the outcome is unknown', async () => {
    const fail = () => Promise.reject(new Error('reset'))
    const overwritten = createBench(afterwards('swap', fail, (store) => store.remove('k')))
    expect(await failureOf(call(overwritten, 'swap'))).toMatchObject({
      message: expect.stringContaining('swap'),
    })

    const down = createBench(() => ({ swap: fail, read: fail }))
    expect(await failureOf(call(down, 'swap'))).toMatchObject({ code: 'store_unavailable' })
    expect(down.events.map((event) => 'operation' in event && event.operation)).toEqual(['swap'])
  })

  it('calls the store as a method', async () => {
    class Store {
      readonly held = new Map([['k', 'x']])
      read(key: string): Promise<string | undefined> {
        return Promise.resolve(this.held.get(key))
      }
    }
    const { clock } = createBench()
    const store = Object.assign(new Store(), { swap: () => hangs(), remove: () => hangs() })
    const seal = createSeal([SECRET], 'session')
    const sealedStore = createSealedStore(
      createGuardedStore({ store, emit() {}, clock, storeTimeoutMs: 1 }),
      seal,
      isRegistered,
    )
    expect(await failureOf(sealedStore.read('k'))).toMatchObject({ code: 'store_record_unreadable' })
  })

  it('treats a record of another server or client as absent, and leaves it in the store', async () => {
    const bench = createBench()
    const { clock, sealedStore, store, cookies } = bench
    for (const other of [{ clientId: 'other' }, { issuer: 'https://staff.example.com' }]) {
      const record = createRecord(clock.now(), { ...other, id: JSON.stringify(other) })
      // The seal of another application with the same secret and cookie name.
      const seal = createSeal([SECRET], 'session')
      const sealed = await seal.seal(record)
      await store.swap(record.id, undefined, sealed, clock.now() + 60)
      expect(await sealedStore.read(record.id)).toBeUndefined()
      expect(await sealedStore.open(sealed)).toEqual({ rejected: 'unknown_registration' })
      expect(await store.read(record.id)).toBe(sealed)
      const cookie = await createSeal([SECRET], 'cookie').seal(record)
      expect(await cookies.open(cookie)).toEqual({ rejected: 'unknown_registration' })
    }
  })

  it('opens the same text once, and remembers within bounds', async () => {
    const seal = createSeal([SECRET], 'session')
    let opened = 0
    const counting = { ...seal, unseal: (sealed: string) => ((opened += 1), seal.unseal(sealed)) }
    const { clock } = createBench()
    const store = createGuardedStore({ store: createMemoryStore(), emit() {}, clock, storeTimeoutMs: 1 })
    const sealedStore = createSealedStore(store, counting, isRegistered)
    const sealed = await seal.seal(createRecord(0))
    for (let i = 0; i < 3; i++) await sealedStore.open(sealed)
    expect(opened).toBe(1)
    await sealedStore.open('garbage')
    await sealedStore.open('garbage')
    expect(opened).toBe(3)
    for (let i = 0; i < 2000; i++) await sealedStore.seal(createRecord(i))
    await sealedStore.open(sealed)
    expect(opened).toBe(4)
  })
})
