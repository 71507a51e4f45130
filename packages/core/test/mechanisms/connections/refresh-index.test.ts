import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRefreshIndex, type RefreshIndex } from '../../../src/mechanisms/connections/refresh-index.ts'
import { connectedRecord } from '../../../src/model/connected-record.ts'
import { type ConnectionRecord, disconnectedRecord } from '../../../src/model/connection-record.ts'
import type { SessionIndex } from '../../../src/ports/session-store.ts'
import { listingOf } from '../../../src/rules/connections/refresh-listing.ts'

const DAY = 86_400
const REGISTRATION = { issuer: 'https://login.example.com', clientId: 'web' }
const KEYS = ['A-one', 'A-two', 'B-one']

interface Work {
  readonly step: 'connect' | 'refresh' | 'disconnect' | 'visit'
  readonly process: 0 | 1
  readonly key: string
  /** Whether the process stops after its swap. */
  readonly stops: boolean
}

const works: fc.Arbitrary<Work> = fc.record({
  step: fc.constantFrom('connect', 'refresh', 'disconnect', 'visit'),
  process: fc.constantFrom(0, 1),
  key: fc.oneof({ weight: 3, arbitrary: fc.constant('A-one') }, fc.constantFrom(...KEYS)),
  stops: fc.boolean(),
})
const rounds = fc.array(
  fc.record({
    days: fc.constantFrom(0, 0, 1, 5, 8, 20),
    steps: fc.array(works, { minLength: 1, maxLength: 4 }),
  }),
  { maxLength: 8 },
)

/** Runs one waiting operation at a time, in the order that `choose` decides. Each step waits for one operation at a time. */
function createScheduler(choose: (count: number) => number) {
  const waiting: (() => void)[] = []
  let steps = 0

  function runNext(): void {
    if (waiting.length < steps || waiting.length === 0) return
    const [next] = waiting.splice(choose(waiting.length), 1)
    next?.()
  }

  return {
    later: <T>(work: () => T) =>
      new Promise<T>((resolve) => {
        waiting.push(() => resolve(work()))
        runNext()
      }),
    async runAll(all: readonly (() => Promise<void>)[]): Promise<void> {
      steps = all.length
      await Promise.all(
        all.map(async (step) => {
          await step()
          steps--
          runNext()
        }),
      )
    },
  }
}

/** Processes that share records and an index. Each operation of these happens when the scheduler decides. */
function createFleet(choose: (count: number) => number) {
  const clock = { time: 100 * DAY, now: () => clock.time }
  const records = new Map<string, ConnectionRecord>()
  const lists = new Map<string, Set<string>>()
  const { later, runAll } = createScheduler(choose)
  const keysOf = (term: string) => lists.get(term) ?? lists.set(term, new Set()).get(term)!
  const index: SessionIndex = {
    add: (term, key) => later(() => void keysOf(term).add(key)),
    keys: (term) => later(() => [...keysOf(term)]),
    remove: (term, key) => later(() => void keysOf(term).delete(key)),
  }
  const read = ({ key }: { readonly key: string }) =>
    later(() => {
      const record = records.get(key)
      return record && { record, sealed: '' }
    })
  const createIndex = () => createRefreshIndex({ store: { read }, index, clock })
  const processes = [createIndex(), createIndex()] as const
  const swap = (from: ConnectionRecord | undefined, to: ConnectionRecord) =>
    later(() => {
      const isWon = records.get(to.id) === from
      if (isWon) records.set(to.id, to)
      return isWon
    })
  const granted = (key: string, earlier?: ConnectionRecord) => {
    const now = clock.now()
    const accessToken = { value: 'a', type: 'Bearer' as const, obtainedAt: now, expiresAt: now + 300 }
    const base = { id: key, owner: key, name: 'google', ...REGISTRATION }
    return connectedRecord(base, { accessToken, refreshToken: 'r' }, now, earlier)
  }

  async function visit(refreshIndex: RefreshIndex): Promise<string[]> {
    const found: string[] = []
    for (const name of await refreshIndex.due(clock.now()))
      for (const key of await refreshIndex.keysOf(name)) {
        const record = (await read({ key }))?.record
        await refreshIndex.correct(name, key, record)
        if (record && listingOf(record)) found.push(key)
      }
    return found
  }

  async function connect(refreshIndex: RefreshIndex, key: string, stops: boolean): Promise<void> {
    const earlier = (await read({ key }))?.record
    const next = granted(key, earlier)
    await refreshIndex.move(undefined, next)
    const isWon = await swap(earlier, next)
    if (isWon && !stops) await refreshIndex.move(earlier, next)
  }

  async function perform({ step, process, key, stops }: Work): Promise<void> {
    const refreshIndex = processes[process]
    if (step === 'visit') return void (await visit(refreshIndex))
    if (step === 'connect') return connect(refreshIndex, key, stops)
    const before = (await read({ key }))?.record
    if (!before || before.ended) return
    const { ledger } = granted(key)
    const next = step === 'refresh' ? { ...before, ledger } : disconnectedRecord(before)
    if (!(await swap(before, next)) || stops) return
    if (step === 'refresh') await refreshIndex.move(before, next)
  }

  async function visitAlone(): Promise<string[]> {
    let found: string[] = []
    await runAll([async () => void (found = await visit(createIndex()))])
    return found
  }

  const performAll = (all: readonly Work[]) => runAll(all.map((work) => () => perform(work)))
  return { clock, records, lists, index, read, granted, performAll, visitAlone }
}

describe('the index of refreshes', () => {
  it('finds each connection, whatever happens at the same time and wherever a process stops', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(11)), rounds, async (choices, all) => {
        const choose = (count: number) => (choices.next().value as number) % count
        const { clock, records, lists, performAll, visitAlone } = createFleet(choose)
        for (const round of all) {
          clock.time += round.days * DAY
          await performAll(round.steps)
        }
        clock.time += 30 * DAY
        const live = KEYS.filter((key) => {
          const record = records.get(key)
          return record && listingOf(record)
        })
        expect(new Set(await visitAlone())).toEqual(new Set(live))
        // The second visit finds corrected entries, so each connection is listed once, and nothing else.
        expect((await visitAlone()).toSorted()).toEqual(live)
        const entries = [...lists.values()].flatMap((keys) => [...keys]).filter((key) => KEYS.includes(key))
        expect(entries.toSorted()).toEqual(live)
        // The lists of weeks that are over and have no entry are forgotten.
        expect(Math.max(0, ...Array.from(lists.values(), (keys) => keys.size))).toBeLessThanOrEqual(3)
      }),
      { numRuns: 400 },
    )
  })

  /** Two processes after the only entry of a list was removed, and a record that belongs to this list. */
  async function createEmptyList(beforeRemove: () => Promise<void> = async () => undefined) {
    const { clock, records, index, read, granted } = createFleet(() => 0)
    const state = { isWatched: false }
    const remove = async (term: string, key: string) => {
      if (state.isWatched && key.includes('~')) await beforeRemove()
      return index.remove(term, key)
    }
    const options = { store: { read }, index: { ...index, remove }, clock }
    const [one, other] = [createRefreshIndex(options), createRefreshIndex(options)]
    const [first, late] = [granted('A-one'), granted('A-two')]
    const name = listingOf(first) as string
    await one.move(undefined, first)
    records.set(late.id, late)
    clock.time += 20 * DAY
    await one.correct(name, first.id, undefined)
    state.isWatched = true
    const correctLate = () => one.correct('1~A', late.id, late)
    const isFound = async () =>
      (await other.due(clock.now())).includes(name) && (await other.keysOf(name)).includes(late.id)
    return { other, name, correctLate, isFound }
  }

  it('finds a list again that was forgotten, also if a process remembers it', async () => {
    const { other, name, correctLate, isFound } = await createEmptyList()
    expect(await other.keysOf(name)).toEqual([])
    expect(await other.due(Infinity)).toEqual([])
    await correctLate()
    expect(await isFound()).toBe(true)
  })

  it('finds a list that gets an entry while it is forgotten', async () => {
    let correct = async () => undefined as void
    const { other, name, correctLate, isFound } = await createEmptyList(async () => correct())
    correct = async () => {
      correct = async () => undefined
      await correctLate()
    }
    await other.keysOf(name)
    expect(await isFound()).toBe(true)
  })
})
