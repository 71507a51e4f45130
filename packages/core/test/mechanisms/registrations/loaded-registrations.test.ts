import { createManualClock } from '@evertoken/testkit'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createLoadedRegistrations } from '../../../src/mechanisms/registrations/loaded-registrations.ts'
import { createFlights } from '../../../src/mechanisms/runtime/flights.ts'

const FRESH_MS = 1000
const MAX = 3

function create() {
  const clock = createManualClock()
  const loads: string[] = []
  const world = { fails: false, exists: true, loads, clock, failures: [] as string[] }
  const cache = createLoadedRegistrations<{ readonly name: string; readonly at: number }>({
    async load(name) {
      loads.push(name)
      if (world.fails) throw new Error('down')
      return world.exists ? { name, at: clock.elapsed() } : undefined
    },
    failed: (name) => world.failures.push(name),
    freshMs: FRESH_MS,
    maxEntries: MAX,
    timeoutMs: 5000,
    clock,
    flights: createFlights(),
    random: () => 0.5,
  })
  return { ...world, world, cache, find: (name: string) => cache.find(name, () => undefined) }
}

type Step =
  | { readonly do: 'find'; readonly name: string }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'set'; readonly fails: boolean; readonly exists: boolean }

const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ do: fc.constant('find'), name: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
    fc.record({ do: fc.constant('advance'), ms: fc.constantFrom(1, 400, 1000, 20_000) }),
    fc.record({ do: fc.constant('set'), fails: fc.boolean(), exists: fc.boolean() }),
  ),
  { maxLength: 60 },
)

it('returns no registration after its time, except if it cannot be loaded, and keeps the most recently used ones', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const { world, find, clock, loads } = create()
      /** The names that must be kept, the most recently used one last. */
      let used: string[] = []
      const loadedAt = new Map<string, number>()
      for (const step of history) {
        if (step.do === 'advance') await clock.advance(step.ms)
        else if (step.do === 'set') Object.assign(world, step)
        else {
          const before = loads.length
          const isKept = used.includes(step.name)
          const found = await Promise.resolve(find(step.name)).catch(() => 'failed' as const)
          const isLoaded = loads.length > before
          expect(loads.length - before).toBeLessThanOrEqual(1)
          if (found === 'failed') expect([isKept, world.fails || !isLoaded]).toEqual([false, true])
          else if (found) {
            expect(found.name).toBe(step.name)
            const isFresh = clock.elapsed() - found.at < FRESH_MS
            expect(isFresh || world.fails || !isLoaded).toBe(true)
            // A kept registration that is fresh costs no load.
            if (isKept && isLoaded)
              expect(clock.elapsed() - (loadedAt.get(step.name) ?? 0)).toBeGreaterThanOrEqual(FRESH_MS)
            loadedAt.set(step.name, found.at)
          } else expect(isLoaded && !world.exists).toBe(true)
          used = used.filter((name) => name !== step.name)
          if (typeof found === 'object') used = [...used, step.name].slice(-MAX)
        }
      }
    }),
    { numRuns: 300 },
  )
})

it('concurrent callers share a load, also one that fails', async () => {
  const { world, find, loads } = create()
  await Promise.all(Array.from({ length: 10 }, async () => find('a')))
  expect(loads).toEqual(['a'])
  world.fails = true
  const results = await Promise.allSettled(Array.from({ length: 10 }, async () => find('b')))
  expect(results.map(({ status }) => status)).toEqual(results.map(() => 'rejected'))
  expect([loads, world.failures]).toEqual([['a', 'b'], ['b']])
})
