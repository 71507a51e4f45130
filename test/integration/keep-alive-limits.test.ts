import { describe, expect, it } from 'vitest'
import { createLimitWorld } from './keep-alive-world.ts'

const MINUTE_MS = 60_000

describe('the rate', () => {
  it('is kept for each provider, across the runs of a process', async () => {
    const { save, days, run, refreshedAt } = createLimitWorld()
    await save('one', 12)
    await save('other', 6)
    await days(40)
    const options = { refreshesPerMinute: 6 }
    const [first, second] = await Promise.all([run(options), run(options)])
    expect(first.refreshed + second.refreshed).toBeGreaterThanOrEqual(18)
    expect([refreshedAt.one.length, refreshedAt.other.length]).toEqual([12, 6])
    for (const times of Object.values(refreshedAt))
      for (const from of times)
        expect(times.filter((at) => at >= from && at < from + MINUTE_MS).length).toBeLessThanOrEqual(6)
  })

  it('is 600 by default', async () => {
    const { clock, save, days, run } = createLimitWorld()
    await save('one', 41)
    await days(40)
    const startedAt = clock.elapsed()
    expect(await run()).toMatchObject({ refreshed: 41, isComplete: true })
    expect(clock.elapsed() - startedAt).toBeGreaterThanOrEqual(4000)
  })

  it('delays no user', async () => {
    const { clock, connections, save, days, run, servers } = createLimitWorld()
    await save('one', 20)
    await days(40)
    const running = run({ refreshesPerMinute: 1 })
    const calledAt = clock.elapsed()
    const users = Array.from({ length: 20 }, (_, i) => connections.get(`one-${i}`, 'one').getAccessToken())
    expect(await Promise.all(users)).toHaveLength(20)
    expect(clock.elapsed() - calledAt).toBeLessThan(MINUTE_MS / 4)
    expect(await running).toMatchObject({ failed: 0, isComplete: true })
    expect(servers.one.counts.refresh).toBe(20)
    expect(servers.one.maxUses()).toBe(1)
  })
})

describe('a provider that refuses requests', () => {
  it('is left to another run, and its grants are kept', async () => {
    const { clock, connections, save, days, run, servers } = createLimitWorld()
    await save('one', 30)
    await save('other', 30)
    await days(40)
    servers.one.always('refresh', { type: 'status', status: 429, retryAfter: 600 })
    const startedAt = clock.elapsed()
    const counts = await run()
    expect(counts).toMatchObject({ refreshed: 30, needsReauthorization: 0, isComplete: false })
    expect(counts.retryAfterSeconds).toBeGreaterThan(290)
    expect(counts.failed).toBeLessThanOrEqual(8)
    expect(clock.elapsed() - startedAt).toBeLessThan(10_000)
    expect(servers.other.counts.refresh).toBe(30)

    const sent = servers.one.counts.refresh
    expect(await run()).toMatchObject({ refreshed: 0, failed: 0, isComplete: false })
    expect(servers.one.counts.refresh).toBe(sent)

    servers.one.always('refresh', undefined)
    await clock.advance((counts.retryAfterSeconds ?? 0) * 1000)
    await days(1)
    // The run continues behind the grant that was refused, and the next one begins with it.
    expect(await run()).toMatchObject({ refreshed: 30 - counts.failed, failed: 0, isComplete: true })
    expect(await run()).toMatchObject({ refreshed: counts.failed, failed: 0, isComplete: true })
    expect(await connections.get('one-0', 'one').getState()).toMatchObject({ state: 'active' })
  })

  it('gets its next request after a short pause, in the same run', async () => {
    const { save, days, run, refreshedAt, servers } = createLimitWorld()
    await save('one', 5)
    await days(40)
    servers.one.script('refresh', [{ type: 'status', status: 429, retryAfter: 20 }])
    expect(await run({ refreshesPerMinute: 60 })).toMatchObject({ refreshed: 4, failed: 1, isComplete: true })
    expect((refreshedAt.one[1] ?? 0) - (refreshedAt.one[0] ?? 0)).toBeGreaterThanOrEqual(20_000)
  })

  it('never gets more than 8 requests at the same time, also if its responses are slower than a caller waits', async () => {
    const { clock, save, days, run, servers } = createLimitWorld({
      capacity: { concurrent: 100, processingMs: 30_000 },
    })
    await save('one', 20)
    await days(40)
    expect(await run({ refreshesPerMinute: 6000 })).toMatchObject({
      refreshed: 20,
      failed: 0,
      isComplete: true,
    })
    expect(servers.one.load.mostProcessing).toBeLessThanOrEqual(8)
    expect(clock.pending).toBe(0)
  })
})

describe('a limit of requests', () => {
  it.each([25, 40, 80, 300])('of %i is kept, and no grant waits for those that fail', async (maxRequests) => {
    const { save, days, process, run, servers, requestsOf } = createLimitWorld()
    await save('one', 40)
    await save('other', 40)
    await days(40)
    // Grants of one provider fail in every run, without a pause of the provider.
    servers.one.always('refresh', { type: 'error', error: 'invalid_scope' })
    let runs = 0
    for (; servers.other.counts.refresh < 40 && runs < 200; runs++) {
      // Each run is in a new isolate.
      const used = await requestsOf(() => run({ maxRequests }, process()))
      expect(used).toBeLessThanOrEqual(maxRequests)
    }
    expect(servers.other.counts.refresh).toBe(40)
    expect(servers.other.maxUses()).toBe(1)
  })

  it('ends with a run that is complete, which later runs do not repeat', async () => {
    const { save, days, run, process, servers } = createLimitWorld()
    await save('one', 30)
    await days(40)
    let counts = await run({ maxRequests: 60 })
    for (let runs = 0; !counts.isComplete && runs < 60; runs++)
      counts = await run({ maxRequests: 60 }, process())
    expect(counts.isComplete).toBe(true)
    expect(servers.one.counts.refresh).toBe(30)
    expect(await run({ maxRequests: 10_000 })).toMatchObject({ refreshed: 0, isComplete: true })
  })

  it('must be a whole number of at least 25, and the rate must be positive', async () => {
    const { run } = createLimitWorld()
    const invalid = { name: 'ConfigurationError', code: 'invalid_option' }
    for (const maxRequests of [0, 24, 25.5, NaN, Infinity])
      await expect(run({ maxRequests })).rejects.toMatchObject(invalid)
    for (const refreshesPerMinute of [0, -1, NaN, Infinity])
      await expect(run({ refreshesPerMinute })).rejects.toMatchObject(invalid)
  })
})
