import { describe, expect, it } from 'vitest'
import { createGuardedStore } from '../../../src/mechanisms/stores/guarded-store.ts'
import { systemClock } from '../../../src/mechanisms/runtime/system-clock.ts'
import { createRedisStore } from '../../../src/mechanisms/stores/redis-store.ts'

const LATER = 4_000_000_000

/** A Redis with one connection, which runs the scripts of the store in their order. */
function createFakeRedis() {
  const records = new Map<string, string>()
  const state = { replicas: 1, reconnects: false, repeats: false }
  let connectionName: unknown = null
  const timeouts: (string | undefined)[] = []

  function evaluate(script: string, key: string, args: readonly string[]): unknown {
    if (script.includes('KEEPTTL')) return Number(records.get(key) === args[0])
    if (script.includes('PX')) {
      if ((records.get(key) ?? '') !== args[0]) return 0
      records.set(key, args[1] ?? '')
      return 1
    }
    records.delete(key)
    return null
  }

  const client = {
    get: async (key: string) => records.get(key) ?? null,
    del: async () => Promise.reject(new Error('A removal must be confirmed')),
    eval: async () => Promise.reject(new Error('A write must be confirmed')),
    async sendCommand([name, ...args]: string[]): Promise<unknown> {
      if (name === 'CLIENT' && args[0] === 'SETNAME') connectionName = args[1]
      if (name === 'CLIENT') return connectionName
      if (name === 'WAIT') {
        if (state.reconnects) connectionName = null
        timeouts.push(args[1])
        return state.replicas
      }
      const [script = '', , key = '', ...values] = args
      const result = evaluate(script, key, values)
      return state.repeats ? evaluate(script, key, values) : result
    },
  }
  const create = (count = 1, timeoutSeconds?: number) =>
    createRedisStore({
      client,
      waitForReplicas: { client, count, ...(timeoutSeconds !== undefined && { timeoutSeconds }) },
    })
  return { state, timeouts, create }
}

describe('waitForReplicas', () => {
  it('confirms a swap and a removal that enough replicas have received', async () => {
    const { create, timeouts } = createFakeRedis()
    const store = create()
    expect(await store.swap('k', undefined, 'a', LATER)).toBe(true)
    expect(await store.read('k')).toBe('a')
    expect(await store.swap('k', 'x', 'b', LATER)).toBe(false)
    await store.remove('k')
    expect(await store.read('k')).toBeUndefined()
    expect(new Set(timeouts)).toEqual(new Set(['1000']))
  })

  it('fails a write that too few replicas have received', async () => {
    const { create, state } = createFakeRedis()
    const store = create(2, 0.25)
    const failure = { name: 'RedisError', code: 'NOREPLICAS' }
    await expect(store.swap('k', undefined, 'a', LATER)).rejects.toMatchObject(failure)
    await expect(store.remove('k')).rejects.toMatchObject(failure)
    state.replicas = 2
    expect(await store.swap('k', undefined, 'b', LATER)).toBe(true)
  })

  it('fails a write whose connection changed before the confirmation', async () => {
    const { create, state } = createFakeRedis()
    state.reconnects = true
    await expect(create().swap('k', undefined, 'a', LATER)).rejects.toMatchObject({ code: 'NOREPLICAS' })
  })

  it('does not let this process read its write before it is confirmed', async () => {
    const { create, state } = createFakeRedis()
    const store = create()
    state.replicas = 0
    await expect(store.swap('k', undefined, 'a', LATER)).rejects.toMatchObject({ code: 'NOREPLICAS' })
    await expect(store.read('k')).rejects.toMatchObject({ code: 'NOREPLICAS' })
    state.replicas = 1
    expect(await store.read('k')).toBe('a')
    state.replicas = 0
    expect(await store.read('k')).toBe('a')
  })

  it('confirms a write that lost against its own first attempt', async () => {
    const { create, state } = createFakeRedis()
    const store = create()
    // A client repeats a command whose response was lost with the connection.
    state.repeats = true
    expect(await store.swap('k', undefined, 'a', LATER)).toBe(false)
    state.replicas = 0
    await expect(store.read('k')).rejects.toMatchObject({ code: 'NOREPLICAS' })
    state.replicas = 1
    expect(await store.read('k')).toBe('a')
  })

  it('is not bypassed by the guarded store, which reads again after a failed swap', async () => {
    const { create, state } = createFakeRedis()
    const emit = () => undefined
    const guarded = createGuardedStore({ store: create(), clock: systemClock, emit, storeTimeoutMs: 1000 })
    state.replicas = 0
    const failing = guarded.swap('k', undefined, 'a', LATER)
    await expect(failing).rejects.toMatchObject({ code: 'store_unavailable' })
    state.replicas = 1
    expect(await guarded.read('k')).toBe('a')
  })

  it.each([
    [0, 1],
    [1.5, 1],
    [Number.NaN, 1],
    [1, 0],
    [1, -1],
    [1, 61],
    [1, Number.NaN],
  ])('refuses a count of %s and a timeout of %s', (count, timeoutSeconds) => {
    const { create } = createFakeRedis()
    expect(() => create(count, timeoutSeconds)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    )
  })
})
