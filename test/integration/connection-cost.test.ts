import { afterEach, describe, expect, it, vi } from 'vitest'
import { createFaultyStore } from '@evertoken/testkit'
import { createConnectionWorld, LIFETIME } from './connection-owners.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a call for the token of a connection', () => {
  it('costs one read of the store and one decryption, and later calls of the process decrypt nothing', async () => {
    const { process, server, store, clock, refreshes } = createConnectionWorld()
    await process()
      .get('ada', 'google')
      .save(await server.issue({ expiresIn: LIFETIME }))
    const counted = createFaultyStore(store, { clock })
    const other = process({ store: counted }).get('ada', 'google')
    const decrypt = vi.spyOn(crypto.subtle, 'decrypt')
    const costs: (readonly [reads: number, others: number, decryptions: number])[] = []
    for (let call = 0; call < 3; call++) {
      counted.resetCounts()
      decrypt.mockClear()
      expect(await other.getAccessToken()).toBeDefined()
      const reads = counted.log.filter(({ kind }) => kind === 'read').length
      costs.push([reads, counted.log.length - reads, decrypt.mock.calls.length])
    }
    expect(costs).toEqual([
      [1, 0, 1],
      [1, 0, 0],
      [1, 0, 0],
    ])
    expect(refreshes()).toBe(0)
  })

  it('emits an event if it gets no token although its owner need not act', async () => {
    const { process, server, clock, events } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save(await server.issue({ expiresIn: LIFETIME }))
    await clock.advance((LIFETIME + 1) * 1000)
    server.always('refresh', { type: 'status', status: 503 })
    await expect(google.getAccessToken()).rejects.toMatchObject({ name: 'TryLaterError' })
    const failed = events.find(({ type }) => type === 'refresh_failed')
    const unavailable = events.filter(({ type }) => type === 'token_unavailable')
    expect(unavailable).toMatchObject([{ session: (failed as { session?: string }).session }])
  })
})
