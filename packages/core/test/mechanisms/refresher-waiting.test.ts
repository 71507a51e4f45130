import { describe, expect, it } from 'vitest'
import type { Flights } from '../../src/ports/flights.ts'
import { createFlights } from '../../src/mechanisms/flights.ts'
import { createRefreshBench, granted, pass, REQUEST_TIMEOUT_MS, type RefreshBench } from './refresh-bench.ts'

/** How long a call takes, in milliseconds, and how it ends. */
async function timed({ clock }: RefreshBench, call: Promise<string>) {
  const startedAt = clock.elapsed()
  const result = await call
  return { result, ms: clock.elapsed() - startedAt }
}

describe('how long a caller waits', () => {
  it('not at all for an overdue flight, also where each caller gets a promise of its own', async () => {
    const { join } = createFlights()
    const flights: Flights = {
      join(group, name, start, clock) {
        const flight = join(group, name, start, clock)
        return { ...flight, result: flight.result.then((value) => value) }
      },
    }
    const bench = await createRefreshBench()
    const process = bench.process({ flights })
    const first = bench.ask(process)
    await bench.untilSent(1)
    await pass(bench, REQUEST_TIMEOUT_MS, 1000)
    expect(await first).toBe('refresh_pending')
    const next = timed(bench, bench.ask(process))
    await pass(bench, 2000, 20)
    expect(await next).toMatchObject({ result: 'refresh_pending', ms: 0 })
  })

  it('no longer than the time-out for two flights, if the first one brings the token that was rejected', async () => {
    const bench = await createRefreshBench()
    const process = bench.process()
    void bench.ask(process)
    const first = await bench.untilSent(1)
    const call = timed(bench, bench.ask(process, { rejected: 'at-one' }))
    await pass(bench, 8000, 1000)
    first.answer(granted(bench, 'one'))
    const { sentAt } = await bench.untilSent(2)
    await pass(bench, 4000, 100)
    expect(sentAt).toBeGreaterThanOrEqual(8000)
    const { result, ms } = await call
    expect(result).toBe('refresh_pending')
    expect(ms).toBeLessThanOrEqual(REQUEST_TIMEOUT_MS)
  })
})
