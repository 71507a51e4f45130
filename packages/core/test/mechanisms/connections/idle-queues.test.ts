import { createManualClock, type ManualClock } from '@evertoken/testkit'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  createIdleQueues,
  PARALLEL_REFRESHES,
  type ProviderPaces,
} from '../../../src/mechanisms/connections/idle-queues.ts'
import { TryLaterError } from '../../../src/vocabulary/index.ts'

const MINUTE_MS = 60_000
const HOURS_MS = 100 * 3_600_000

/** What the provider does with one refresh. */
interface Response {
  readonly afterMs: number
  /** Seconds of a response with status 429. */
  readonly retryAfter?: number | undefined
}

const responses = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    retryAfter: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined, freq: 4 }),
  }),
  { maxLength: 25 },
)
const healthy = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }) }), { maxLength: 25 })

/** Runs the queues until they are empty, and records what the providers see. */
async function run(
  providers: Readonly<Record<string, readonly Response[]>>,
  refreshesPerMinute: number,
  { clock, paces }: { clock: ManualClock; paces: ProviderPaces },
) {
  const seen = new Map(
    Object.keys(providers).map((name) => [
      name,
      { starts: [] as number[], most: 0, open: 0, pauses: [] as { from: number; to: number }[] },
    ]),
  )
  const queues = createIdleQueues({
    clock,
    paces,
    refreshesPerMinute,
    isCut: () => false,
    signal: undefined,
    async refresh({ name, key }) {
      const at = seen.get(name)!
      const { afterMs, retryAfter } = providers[name]![Number(key)]!
      at.starts.push(clock.elapsed())
      at.most = Math.max(at.most, ++at.open)
      await clock.sleep(afterMs)
      at.open--
      if (retryAfter === undefined) return true
      at.pauses.push({ from: clock.elapsed(), to: clock.elapsed() + retryAfter * 1000 })
      const cause = { name: 'Response', url: 'https://example.com/token', status: 429 }
      throw new TryLaterError('authorization_server_unavailable', 'busy', {
        cause,
        retryAfterSeconds: retryAfter,
      })
    },
  })
  for (const [name, list] of Object.entries(providers))
    for (const key of list.keys()) queues.push(name, { name, key: String(key) })
  const finishing = queues.finish()
  expect(await clock.advanceUntil(finishing, HOURS_MS)).toBe(true)
  return { unvisited: await finishing, seen }
}

const world = () => ({ clock: createManualClock(), paces: new Map() as ProviderPaces })

it('keeps the rate, the concurrency and each pause, and visits every grant in the end', async () => {
  const property = fc.asyncProperty(
    responses,
    responses,
    fc.constantFrom(6, 60, 600, 100_000),
    async (one, other, refreshesPerMinute) => {
      const shared = world()
      const rest: Record<string, readonly Response[]> = { one, other }
      const starts: Record<string, number[]> = { one: [], other: [] }
      for (let runs = 0; runs < 60; runs++) {
        const { unvisited, seen } = await run(rest, refreshesPerMinute, shared)
        for (const [name, { starts: those, most, pauses }] of seen) {
          starts[name]!.push(...those)
          expect(most).toBeLessThanOrEqual(PARALLEL_REFRESHES)
          for (const { from, to } of pauses)
            expect(those.filter((at) => at > from && at < to - 1e-6)).toEqual([])
          rest[name] = rest[name]!.slice(those.length)
        }
        expect(unvisited.first).toBeUndefined()
        const isLeft = Object.values(rest).some((list) => list.length > 0)
        expect(unvisited.retryAfterSeconds !== undefined).toBe(isLeft)
        if (!isLeft) break
        await shared.clock.advance((unvisited.retryAfterSeconds ?? 0) * 1000)
      }
      expect(Object.values(rest).flat()).toEqual([])
      for (const times of Object.values(starts))
        for (const from of times)
          expect(times.filter((at) => at >= from && at < from + MINUTE_MS - 1e-6).length).toBeLessThanOrEqual(
            refreshesPerMinute,
          )
    },
  )
  await fc.assert(property, { numRuns: 100 })
})

it('refreshes the grants of a provider at the same times, whatever another one does', async () => {
  const property = fc.asyncProperty(healthy, responses, async (good, bad) => {
    const single = await run({ good }, 600, world())
    const both = await run({ good, bad }, 600, world())
    expect(both.seen.get('good')?.starts).toEqual(single.seen.get('good')?.starts)
  })
  await fc.assert(property, { numRuns: 40 })
})

it('ignores failures that do not come from the provider', async () => {
  const { clock, paces } = world()
  const starts: number[] = []
  const queues = createIdleQueues({
    clock,
    paces,
    refreshesPerMinute: 60_000,
    isCut: () => false,
    signal: undefined,
    refresh() {
      starts.push(clock.elapsed())
      return Promise.reject(new TypeError('The database of the application is down'))
    },
  })
  for (let key = 0; key < 20; key++) queues.push('one', { name: 'one', key: String(key) })
  const finishing = queues.finish()
  await clock.advanceUntil(finishing, HOURS_MS)
  expect(await finishing).toEqual({ first: undefined, left: [], retryAfterSeconds: undefined })
  expect(starts).toHaveLength(20)
  expect(Math.max(...starts)).toBeLessThan(100)
})
