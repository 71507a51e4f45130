import type { EvertokenEvent } from '@evertoken/core'
import { keepAlive } from '@evertoken/core/keep-alive'
import { createConnections } from '@evertoken/node/connections'
import { pauseAfterProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createConnectionWorld, LIFETIME, SECRET, settle } from './connection-owners.ts'

const DAY = 86_400

/** Connections with the option `keepAlive`, whose time passes in days. */
function createIdleWorld() {
  const world = createConnectionWorld()
  const { clock, server } = world
  const process = () => world.process({ keepAlive: keepAlive() })
  const connections = process()
  return {
    ...world,
    process,
    connections,
    days: (count: number) => clock.advance(count * DAY * 1000),
    async save(owner: string, sub: string = owner) {
      await connections.get(owner, 'google').save(await server.issue({ sub, expiresIn: LIFETIME }))
    },
    run: (olderThanDays = 30, signal?: AbortSignal, from = connections) =>
      settle(clock, from.keepAlive({ olderThanSeconds: olderThanDays * DAY, ...(signal && { signal }) })),
  }
}

const counts = (refreshed: number, others: object = {}) => ({
  refreshed,
  failed: 0,
  needsReauthorization: 0,
  isComplete: true,
  ...others,
})

describe('idle grants', () => {
  it('are refreshed, and those that were refreshed since then cause no request', async () => {
    const { connections, clock, days, save, run, refreshes } = createIdleWorld()
    for (let i = 0; i < 20; i++) await save(`owner-${i}`)
    expect(await run()).toEqual(counts(0))
    await days(20)
    for (let i = 0; i < 5; i++) await settle(clock, connections.get(`owner-${i}`, 'google').getAccessToken())
    expect(refreshes()).toBe(5)
    await days(15)
    expect(await run()).toEqual(counts(15))
    expect(await run()).toEqual(counts(0))
    expect(refreshes()).toBe(20)
    await days(20)
    expect(await run()).toEqual(counts(5))
    await days(365)
    expect(await run()).toEqual(counts(20))
  })

  it('are refreshed once by runs at the same time', async () => {
    const { process, days, save, run, server } = createIdleWorld()
    for (let i = 0; i < 10; i++) await save(`owner-${i}`)
    await days(40)
    await Promise.all([run(), run(30, undefined, process())])
    expect(server.counts.refresh).toBe(10)
    expect(server.maxUses()).toBe(1)
  })

  it('are visited again after a failure, and no longer after their end', async () => {
    const { connections, server, broken, days, save, run, refreshes } = createIdleWorld()
    await save('ada')
    await save('bob')
    await days(40)
    server.grants.end('ada')
    expect(await run()).toEqual(counts(1, { needsReauthorization: 1 }))
    expect(broken).toMatchObject([{ owner: 'ada', reason: 'grant_rejected' }])
    expect(await run()).toEqual(counts(0))
    await save('ada')
    await days(40)
    server.always('refresh', { type: 'status', status: 503 })
    expect(await run()).toEqual(counts(0, { failed: 2 }))
    server.always('refresh', undefined)
    await days(1)
    const count = refreshes()
    expect(await run()).toEqual(counts(2))
    expect(refreshes()).toBe(count + 2)
    expect(await connections.get('ada', 'google').getState()).toMatchObject({ state: 'active' })
  })

  it('are visited by the next run if a run is cut', async () => {
    const { clock, days, save, server, connections, run } = createIdleWorld()
    for (let i = 0; i < 10; i++) await save(`owner-${i}`)
    await days(40)
    const controller = new AbortController()
    const held = pauseAfterProcessing()
    server.script('refresh', [held])
    const cut = connections.keepAlive({ olderThanSeconds: 30 * DAY, signal: controller.signal })
    await held.reached
    controller.abort()
    held.release()
    const first = await settle(clock, cut)
    expect(first).toMatchObject({ failed: 0, isComplete: false })
    expect(first.refreshed).toBeLessThan(10)
    expect(await run(30, controller.signal)).toEqual(counts(0, { isComplete: false }))
    expect(await run()).toEqual(counts(10 - first.refreshed))
  })

  it('are no longer visited after the removal of the connection', async () => {
    const { connections, days, save, run } = createIdleWorld()
    await save('ada')
    await connections.get('ada', 'google').disconnect()
    await days(40)
    expect(await run()).toEqual(counts(0))
    await save('ada')
    await days(40)
    expect(await run()).toEqual(counts(1))
  })

  it('leave nothing behind for an owner with many connections, also after a failed revocation', async () => {
    const { connections, server, days, run } = createIdleWorld()
    const { refresh_token: refreshToken } = await server.issue({ sub: 'ada' })
    const names = Array.from({ length: 1200 }, (_, i) => `google:${i}` as const)
    for (const name of names) await connections.get('ada', name).save({ refresh_token: refreshToken })
    expect(await connections.list('ada')).toHaveLength(1200)
    server.script('revoke', [
      { type: 'status', status: 503 },
      { type: 'status', status: 503 },
    ])
    const first = await connections.disconnectAll('ada')
    const failed = first.filter(({ outcome }) => outcome === 'failed')
    expect([first.length, failed.length > 0]).toEqual([1200, true])
    expect(await connections.list('ada')).toEqual([])
    expect(await connections.disconnectAll('ada')).toHaveLength(failed.length)
    expect(await connections.disconnectAll('ada')).toEqual([])
    await days(40)
    expect(await run()).toEqual(counts(0))
  })

  it('are left to the application that knows their provider', async () => {
    const { store, clock, server, days, save, run } = createIdleWorld()
    await save('ada')
    await days(40)
    const other = createConnections({
      encryptionSecret: SECRET,
      store,
      clock,
      providers: { other: { issuer: server.issuer, clientId: 'other' } },
      keepAlive: keepAlive(),
    })
    expect(await other.keepAlive({ olderThanSeconds: 30 * DAY })).toEqual(counts(0))
    expect(await run()).toEqual(counts(1))
  })

  it('cause an event if the function of a provider fails', async () => {
    const { store, clock, save, days } = createIdleWorld()
    await save('ada')
    await days(40)
    const events: EvertokenEvent[] = []
    const failing = createConnections({
      encryptionSecret: SECRET,
      store,
      clock,
      onEvent: (event) => void events.push(event),
      providers: { google: () => Promise.reject(new TypeError('the database has a secret')) },
      keepAlive: keepAlive(),
    })
    const run = failing.keepAlive({ olderThanSeconds: 30 * DAY })
    expect(await settle(clock, run)).toEqual(counts(0, { failed: 1 }))
    const cause = { name: 'TypeError' }
    expect(events).toMatchObject([{ type: 'connection_hook_failed', cause }])
    expect(JSON.stringify(events)).not.toContain('database')
  })

  it('need the option, an index, and valid options', async () => {
    const { store, connections } = createIdleWorld()
    const invalid = { name: 'ConfigurationError', code: 'invalid_option' }
    const plain = createConnectionWorld().process()
    await expect(plain.keepAlive({ olderThanSeconds: DAY })).rejects.toMatchObject(invalid)
    for (const olderThanSeconds of [0, -1, NaN, '7', undefined])
      await expect(
        connections.keepAlive({ olderThanSeconds: olderThanSeconds as number }),
      ).rejects.toMatchObject(invalid)
    const { index: _index, ...withoutIndex } = store
    expect(() => createConnectionWorld().process({ store: withoutIndex, keepAlive: keepAlive() })).toThrow(
      'must have an `index`',
    )
    expect(() => createConnectionWorld().process({ keepAlive: {} as never })).toThrow('`keepAlive` must be')
  })
})
