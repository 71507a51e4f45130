import { describe, expect, it } from 'vitest'
import { STORE_TIMEOUT_MS } from './bench.ts'
import { createRefreshBench, granted, pass } from './refresh-bench.ts'

const policies = ['strict', 'tolerant', { graceSeconds: 30 }] as const

describe('a store that makes each swap, but responds late', () => {
  it.each(policies.flatMap((reuse) => [0.98, 1.02].map((share) => [reuse, share] as const)))(
    'on a server that is %j, after %d of its timeout: the refresh is done once',
    async (reuse, share) => {
      let isSlow = false
      const bench = await createRefreshBench({
        reuse,
        tweak: ({ read, swap }) => ({
          async read(key) {
            const record = await read(key)
            if (isSlow) await bench.clock.sleep(STORE_TIMEOUT_MS * 0.9)
            return record
          },
          async swap(...args) {
            const isMade = await swap(...args)
            if (isSlow) await bench.clock.sleep(STORE_TIMEOUT_MS * share)
            return isMade
          },
        }),
      })
      isSlow = true
      void bench.ask(bench.process())
      await pass(bench, 40_000, 500)
      expect(bench.sent).toHaveLength(1)
      bench.sent[0]?.answer(granted(bench, 'new'))
      await pass(bench, 20_000, 500)
      isSlow = false
      expect(await bench.record()).toMatchObject({ refreshToken: 'rt-new', lease: undefined })
      expect(bench.sent).toHaveLength(1)
    },
  )
})

describe('a second request to a server with a grace period', () => {
  it('is not sent after the period, although the store has kept it waiting', async () => {
    let [isSlow, isFirst] = [false, true]
    const bench = await createRefreshBench({
      reuse: { graceSeconds: 20 },
      isResponding: async () => true,
      tweak: ({ read, swap }) => ({
        async read(key) {
          const record = await read(key)
          if (isSlow) await bench.clock.sleep(STORE_TIMEOUT_MS * 0.98)
          return record
        },
        async swap(...args) {
          const isMade = await swap(...args)
          // The first swap of a lease takes too long. The one for the second request has no response.
          if (isFirst) await bench.clock.sleep(2500)
          isFirst = false
          if (args[2].includes('doubt')) {
            isSlow = true
            await bench.clock.sleep(60_000)
          }
          return isMade
        },
      }),
    })
    void bench.ask(bench.process())
    await bench.untilSent(1)
    await pass(bench, 40_000, 100)
    const [first = 0, second = 0] = bench.sent.map(({ sentAt }) => sentAt)
    expect(isSlow).toBe(true)
    expect(second - first).toBeLessThan(20_000)
  })
})
