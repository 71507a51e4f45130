import { describe, expect, it } from 'vitest'
import { createLimitWorld } from './keep-alive-world.ts'

/** The status 429 with this `Retry-After` makes a run leave the provider. */
const LONG = 300

describe('a grant that is always refused', () => {
  it('does not stop the grants at the servers of other owners', async () => {
    const { save, days, run, refuse, servers } = createLimitWorld()
    await save('one', 1, 'both')
    await days(8)
    await save('other', 30, 'both')
    await days(40)
    refuse(LONG, 1)
    expect(await run()).toMatchObject({ refreshed: 30, failed: 1, isComplete: true })
    expect(servers.other.counts.refresh).toBe(30)
  })

  it('does not stop the grants at the same server, and is tried again', async () => {
    const { clock, save, days, process, run, refuse, refreshedAt } = createLimitWorld()
    await save('one', 1)
    await days(8)
    await save('one', 29, 'one', 1)
    await days(40)
    refuse(LONG, 1)
    const { retryAfterSeconds = 0 } = await run({}, process())
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(LONG)
    await clock.advance(retryAfterSeconds * 1000)
    expect(await run({}, process())).toMatchObject({ refreshed: 29, failed: 0, isComplete: true })
    expect(refreshedAt.one).toHaveLength(30)
    expect(await run({}, process())).toMatchObject({ refreshed: 0, failed: 1 })
  })

  it.each([undefined, 60, 150])(
    'is tried in turn, whatever cuts the runs (%s requests)',
    async (maxRequests) => {
      const { save, days, process, run, refuse, triedOf } = createLimitWorld()
      await save('one', 10)
      await save('other', 10)
      await days(40)
      refuse(LONG, 10)
      let isComplete = false
      for (let runs = 0; !isComplete && runs < 60; runs++)
        ({ isComplete } = await run({ ...(maxRequests && { maxRequests }) }, process()))
      expect([isComplete, triedOf('one'), triedOf('other')]).toEqual([true, 10, 10])
    },
  )

  it('does not let a run exceed its requests when the pause becomes short', async () => {
    const { save, days, run, servers, requestsOf, slow } = createLimitWorld()
    await save('one', 200)
    await days(40)
    servers.one.script('refresh', [{ type: 'status', status: 429, retryAfter: 75 }])
    slow(200)
    expect(await requestsOf(() => run({ maxRequests: 300 }))).toBeLessThanOrEqual(300)
  })
})

describe('a run that is cut', () => {
  it('reads few records more than it refreshes', async () => {
    const { clock, save, days, run, requestsOf } = createLimitWorld()
    await save('one', 900)
    await days(40)
    const controller = new AbortController()
    void clock.sleep(5000).then(() => controller.abort())
    const used = await requestsOf(() => run({ signal: controller.signal }))
    expect(used).toBeLessThan(850)
  })

  it('visits the other providers, also if one accepts few requests', async () => {
    const { clock, save, days, run, servers, refuse } = createLimitWorld()
    await save('one', 320)
    await days(8)
    await save('other', 10)
    await days(40)
    refuse(50, 320)
    const controller = new AbortController()
    void clock.sleep(45_000).then(() => controller.abort())
    await run({ signal: controller.signal })
    expect(servers.other.counts.refresh).toBe(10)
  })
})
