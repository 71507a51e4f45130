import { createManualClock } from '@evertoken/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFlights, soloFlights } from '../../../src/mechanisms/runtime/flights.ts'
import { failureOf } from '../bench.ts'

const clock = createManualClock()

interface Work {
  readonly start: () => Promise<string>
  readonly starts: () => number
  land(value?: string): void
  crash(): void
}

function work(): Work {
  let starts = 0
  let settle: { resolve(value: string): void; reject(error: Error): void } | undefined
  const running = new Promise<string>((resolve, reject) => (settle = { resolve, reject }))
  return {
    start: () => ((starts += 1), running),
    starts: () => starts,
    land: (value = 'landed') => settle?.resolve(value),
    crash: () => settle?.reject(new Error('crashed')),
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve))
}

describe('createFlights', () => {
  it('shares one flight among all that name it, and forgets it when it has landed', async () => {
    const flights = createFlights()
    const job = work()
    const joins = Array.from({ length: 100 }, () => flights.join('session', 'key', job.start, clock))
    expect(joins.map(({ joined }) => joined)).toEqual([false, ...Array.from({ length: 99 }, () => true)])
    job.land()
    expect(await Promise.all(joins.map(({ result }) => result))).toEqual(joins.map(() => 'landed'))
    expect(job.starts()).toBe(1)
    expect(flights.join('session', 'key', job.start, clock).joined).toBe(false)
  })

  it('shows all who join when it was started', async () => {
    const flights = createFlights()
    const since = clock.elapsed()
    flights.join('session', 'key', work().start, clock)
    await clock.advance(5000)
    expect(flights.join('session', 'key', work().start, clock)).toMatchObject({ joined: true, since })
    expect(flights.join('session', 'other', work().start, clock)).toMatchObject({ since: since + 5000 })
  })

  it('is over as soon as its result is known: who asks then starts another', async () => {
    const flights = createFlights()
    await flights.join('g', 'n', () => Promise.resolve(1), clock).result
    const next = flights.join('g', 'n', () => Promise.resolve(2), clock)
    expect([next.joined, await next.result]).toEqual([false, 2])
    await failureOf(flights.join('g', 'n', () => Promise.reject(new Error('x')), clock).result)
    expect(flights.join('g', 'n', () => Promise.resolve(3), clock).joined).toBe(false)
  })

  it('runs the flights of one group one after the other, in order, through failures and synchronous throws', async () => {
    const flights = createFlights()
    const [one, other] = [work(), work()]
    const first = flights.join('g', 'one', one.start, clock)
    const thrown = flights.join(
      'g',
      'thrown',
      () => {
        throw new Error('at once')
      },
      clock,
    )
    const second = flights.join('g', 'other', other.start, clock)
    await turn()
    expect([one.starts(), other.starts()]).toEqual([1, 0])
    one.crash()
    expect(await failureOf(first.result)).toEqual(new Error('crashed'))
    expect(await failureOf(thrown.result)).toEqual(new Error('at once'))
    await turn()
    expect(other.starts()).toBe(1)
    other.land()
    expect(await second.result).toBe('landed')
  })

  it('runs groups in parallel, and keeps equal names of two groups separate', async () => {
    const flights = createFlights()
    const [one, other] = [work(), work()]
    flights.join('g', 'n', one.start, clock)
    expect(flights.join('h', 'n', other.start, clock).joined).toBe(false)
    await turn()
    expect([one.starts(), other.starts()]).toEqual([1, 1])
  })

  it('queues behind pending flights, also if another flight of the group has ended', async () => {
    const flights = createFlights()
    const [one, other, last] = [work(), work(), work()]
    const first = flights.join('g', 'one', one.start, clock)
    flights.join('g', 'other', other.start, clock)
    one.land()
    await first.result
    flights.join('g', 'last', last.start, clock)
    await turn()
    expect([other.starts(), last.starts()]).toEqual([1, 0])
    expect(flights.join('g', 'other', other.start, clock).joined).toBe(true)
  })

  it('never runs two flights of a group at the same time', async () => {
    const call = fc.tuple(fc.constantFrom('g', 'h'), fc.constantFrom('a', 'b', 'c'), fc.nat(3), fc.boolean())
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
        const flights = createFlights()
        const flying: Record<string, number> = {}
        const results = calls.map(([group, name, turns, fails]) => {
          const { result } = flights.join(
            group,
            name,
            async () => {
              flying[group] = (flying[group] ?? 0) + 1
              expect(flying[group]).toBe(1)
              for (let i = 0; i < turns; i++) await Promise.resolve()
              flying[group] -= 1
              if (fails) throw new Error('planned')
            },
            clock,
          )
          return result.catch((error: unknown) => {
            expect(error).toEqual(new Error('planned'))
          })
        })
        await Promise.all(results)
      }),
    )
  })
})

it('soloFlights: shares nothing, so that no request awaits what another one started', async () => {
  const job = work()
  expect(soloFlights.join('g', 'n', job.start, clock).joined).toBe(false)
  const other = soloFlights.join('g', 'n', job.start, clock)
  expect([other.joined, job.starts()]).toEqual([false, 2])
  job.land()
  expect(await other.result).toBe('landed')
})
