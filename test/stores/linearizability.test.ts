import { createMemoryStore } from '@evertoken/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { performWorkload, recordHistory, splitSwap } from './history.ts'
import { describeViolation, type Effect, findViolation, type Operation } from './linearizability.ts'

const WORKLOAD = { keys: ['a', 'b'], clients: 6, operations: 30 }

function at(invokedAt: number, respondedAt: number | undefined, effect: Effect, key = 'k'): Operation {
  return { ...effect, key, invokedAt, respondedAt }
}

const create = { kind: 'swap', next: 'a', won: true } as const
const replace = { kind: 'swap', expected: 'a', next: 'b', won: true } as const
const reads = (value?: string): Effect => ({ kind: 'read', value })
const written = at(0, 1, create)

const GOOD: Readonly<Record<string, readonly Operation[]>> = {
  'nothing at all': [],
  'one after the other': [at(0, 1, reads()), at(2, 3, create), at(4, 5, replace), at(6, 7, reads('b'))],
  'reads that overlap a swap, in the order that fits': [
    written,
    at(2, 9, replace),
    at(3, 4, reads('a')),
    at(5, 6, reads('b')),
  ],
  'a swap that lost to another which began later': [
    written,
    at(2, 9, { kind: 'swap', expected: 'a', next: 'c', won: false }),
    at(3, 8, replace),
  ],
  'a swap of unknown outcome that took effect late': [
    written,
    at(2, undefined, replace),
    at(3, 4, reads('a')),
    at(5, 6, reads('b')),
  ],
  'a swap of unknown outcome that never took effect': [
    written,
    at(2, undefined, replace),
    at(3, 4, { ...replace, next: 'c' }),
    at(5, 6, reads('c')),
  ],
  'a removal of unknown outcome that took effect': [
    written,
    at(2, undefined, { kind: 'remove' }),
    at(3, 4, reads('a')),
    at(5, 6, reads()),
  ],
  'keys that do not concern each other': [written, at(2, 3, reads(), 'other')],
}

const BAD: Readonly<Record<string, readonly Operation[]>> = {
  'a read that missed a completed swap': [written, at(2, 3, replace), at(4, 5, reads('a'))],
  'a read of a record that was never written': [at(0, 1, reads('x'))],
  'a read of a record that is written only later': [at(0, 1, reads('a')), at(2, 3, create)],
  'two swaps from one record': [
    written,
    at(2, 5, replace),
    at(3, 4, { kind: 'swap', expected: 'a', next: 'c', won: true }),
  ],
  'reads that see a swap and then miss it': [
    written,
    at(2, 9, replace),
    at(3, 4, reads('b')),
    at(5, 6, reads('a')),
  ],
  'a swap that lost without a rival': [written, at(2, 3, { ...replace, won: false })],
  'a record that is back after its removal': [written, at(2, 3, { kind: 'remove' }), at(4, 5, reads('a'))],
  'a swap of unknown outcome that took effect and was undone': [
    written,
    at(2, undefined, replace),
    at(3, 4, reads('b')),
    at(5, 6, reads('a')),
  ],
}

describe('findViolation', () => {
  it.each(Object.entries(GOOD))('accepts %s', (_, history) => {
    expect(findViolation(history)).toBeUndefined()
  })

  it.each(Object.entries(BAD))('finds %s', (_, history) => {
    expect(findViolation(history)).toMatchObject({ key: 'k' })
  })

  it('reports how far an order could be found, and which operations do not fit', () => {
    const violation = findViolation([written, at(2, 3, replace), at(4, 5, reads('a'))])
    expect(violation).toMatchObject({ explained: 2, completed: 3, blocked: [{ kind: 'read', value: 'a' }] })
    expect(violation && describeViolation(violation)).toContain(
      'No order explains more than 2 of 3 operations',
    )
  })

  it('accepts every history of a register', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        expect(findViolation(history)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it('finds a read of a record that was replaced before', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        const end = Math.max(0, ...history.map((each) => each.respondedAt ?? each.invokedAt))
        const after = [at(end + 1, end + 2, { kind: 'swap', next: 'x', won: true }, 'new')]
        after.push(at(end + 3, end + 4, { kind: 'swap', expected: 'x', next: 'y', won: true }, 'new'))
        const stale = at(end + 5, end + 6, reads('x'), 'new')
        expect(findViolation([...history, ...after])).toBeUndefined()
        expect(findViolation([...history, ...after, stale])).toMatchObject({ key: 'new' })
      }),
    )
  })

  it('agrees with trying every order of a short history', () => {
    let violations = 0
    fc.assert(
      fc.property(shortHistories, (history) => {
        const violation = findViolation(history)
        if (violation) violations += 1
        expect(violation === undefined).toBe(hasOrder(history, undefined))
      }),
      { numRuns: 3000 },
    )
    expect(violations).toBeGreaterThan(300)
  })

  it('accepts what concurrent clients of a real store did', async () => {
    const history: Operation[] = []
    await performWorkload(recordHistory(createMemoryStore(), history), WORKLOAD)
    expect(history.length).toBeGreaterThan(100)
    expect(findViolation(history)).toBeUndefined()
  })

  it('finds that a store compares and writes in two steps', async () => {
    const history: Operation[] = []
    await performWorkload(recordHistory(splitSwap(createMemoryStore()), history), WORKLOAD)
    expect(findViolation(history)).toBeDefined()
  })

  it('decides about many operations of unknown outcome in bounded time', () => {
    const unknown = Array.from({ length: 60 }, (_, i) =>
      at(2 + i, undefined, { kind: 'swap', expected: i % 2 ? 'a' : 'b', next: `u${i}` }),
    )
    const later = [at(100, 101, reads('a')), at(102, 103, replace), at(104, 105, reads('b'))]
    expect(findViolation([written, ...unknown, ...later])).toBeUndefined()
    expect(findViolation([written, ...unknown, ...later, at(106, 107, reads('a'))])).toBeDefined()
  })
})

interface Plan {
  readonly kind: 'read' | 'swap' | 'remove'
  readonly start: number
  readonly length: number
  /** Where the effect takes place, as a share of the length. */
  readonly share: number
  readonly outcome: 'known' | 'lost' | 'never'
  /** Whether a swap expects the record that is there. */
  readonly current: boolean
}

/** Histories of a register that performs each operation at one moment between its call and its response. */
function histories(): fc.Arbitrary<Operation[]> {
  const plan: fc.Arbitrary<Plan> = fc.record({
    kind: fc.constantFrom('read', 'read', 'swap', 'swap', 'swap', 'remove'),
    start: fc.integer({ min: 0, max: 300 }),
    length: fc.integer({ min: 1, max: 60 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    outcome: fc.constantFrom('known', 'known', 'known', 'known', 'lost', 'never'),
    current: fc.boolean(),
  })
  return fc.array(plan, { maxLength: 40 }).map(perform)
}

function perform(plans: readonly Plan[]): Operation[] {
  const moment = ({ start, length, share }: Plan) => start + length * share
  const records: (string | undefined)[] = [undefined]
  let value: string | undefined
  return [...plans]
    .toSorted((a, b) => moment(a) - moment(b))
    .map((plan, i) => {
      const { kind, start, length, outcome, current } = plan
      const respondedAt = outcome === 'known' ? start + length : undefined
      if (kind === 'read') return at(start, respondedAt, { kind, value })
      if (kind === 'remove') {
        if (outcome !== 'never') value = undefined
        return at(start, respondedAt, { kind })
      }
      const next = `r${i}`
      const expected = current ? value : records[i % records.length]
      const won = expected === value
      if (won && outcome !== 'never') value = next
      records.push(next)
      return at(start, respondedAt, { kind, expected, next, won: outcome === 'known' ? won : undefined })
    })
}

const values = fc.constantFrom(undefined, 'r0', 'r1', 'r2')
const shortHistories = fc
  .array(
    fc.record({
      kind: fc.constantFrom('read', 'swap', 'swap', 'remove'),
      invokedAt: fc.integer({ min: 0, max: 12 }),
      length: fc.integer({ min: 1, max: 8 }),
      unknown: fc.constantFrom(false, false, false, true),
      value: values,
      won: fc.constantFrom(true, true, false),
    }),
    { minLength: 2, maxLength: 6 },
  )
  .map((drafts) =>
    drafts.map(({ kind, invokedAt, length, unknown, value, won }, i) => {
      const respondedAt = unknown ? undefined : invokedAt + length
      if (kind === 'read') return at(invokedAt, respondedAt, { kind, value })
      if (kind === 'remove') return at(invokedAt, respondedAt, { kind })
      const change = { kind, expected: value, next: `r${i % 3}` } as const
      return at(invokedAt, respondedAt, { ...change, won: unknown ? undefined : won })
    }),
  )

/** The definition, without any shortcut. */
function hasOrder(open: readonly Operation[], value: string | undefined): boolean {
  if (open.every(({ respondedAt }) => respondedAt === undefined)) return true
  return open.some((operation) => {
    const others = open.filter((each) => each !== operation)
    if (others.some(({ respondedAt }) => respondedAt !== undefined && respondedAt < operation.invokedAt))
      return false
    const after = apply(operation, value)
    return after.fits && hasOrder(others, after.value)
  })
}

function apply(
  operation: Operation,
  value: string | undefined,
): { fits: boolean; value?: string | undefined } {
  if (operation.kind === 'remove') return { fits: true, value: undefined }
  if (operation.kind === 'read')
    return { fits: operation.respondedAt === undefined || operation.value === value, value }
  const matches = operation.expected === value
  const fits = operation.respondedAt === undefined || operation.won === matches
  return { fits, value: matches ? operation.next : value }
}
