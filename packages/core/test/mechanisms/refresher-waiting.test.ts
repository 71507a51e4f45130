import { describe, expect, it } from 'vitest'
import type { Flights } from '../../src/ports/flights.ts'
import type { Refresher } from '../../src/mechanisms/refresh/refresher.ts'
import { withLease } from '../../src/model/ledger-transitions.ts'
import { failureOf } from './bench.ts'
import { createFlights } from '../../src/mechanisms/runtime/flights.ts'
import { createRefreshBench, granted, pass, REQUEST_TIMEOUT_MS, type RefreshBench } from './refresh-bench.ts'

/** How long a call takes, in milliseconds, and how it ends. */
async function timed({ clock }: RefreshBench, call: Promise<string>) {
  const startedAt = clock.elapsed()
  const result = await call
  return { result, ms: clock.elapsed() - startedAt }
}

describe('how long a caller waits', () => {
  it('not at all for an overdue flight, also if each caller has its own promise', async () => {
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

describe('when a caller can try again', () => {
  it.each([
    ['strict', 10],
    [{ graceSeconds: 2 }, 10],
  ] as const)(
    'on a server that is %j: when the lease of a process that is gone would lapse',
    async (reuse, seconds) => {
      const bench = await createRefreshBench({ reuse })
      const start = await bench.cell.readIgnoringExpiry()
      if (start) await bench.cell.swapLedger(start, withLease(start.record.ledger, 'a process that is gone'))
      const errors: unknown[] = []
      const failed = retryAfterOf(bench, bench.process())
      void failed.then((error) => errors.push(error))
      await pass(bench, REQUEST_TIMEOUT_MS + 100)
      expect(errors).toEqual([seconds])
    },
  )

  it('as long as the line requires, while another process is alive', async () => {
    const bench = await createRefreshBench()
    void bench.ask(bench.process())
    await bench.untilSent(1)
    const errors: unknown[] = []
    void retryAfterOf(bench, bench.process()).then((error) => errors.push(error))
    await pass(bench, REQUEST_TIMEOUT_MS + 100)
    expect(errors).toEqual([1])
  })
})

async function retryAfterOf({ cell }: RefreshBench, refresher: Refresher): Promise<unknown> {
  const call = { key: '', request: {}, keepAlive: () => undefined }
  const error = await failureOf((async () => refresher.token(cell, await cell.read(), call))())
  return (error as { readonly retryAfterSeconds?: number }).retryAfterSeconds
}
