import { createManualClock } from '@evertoken/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLine, type Line, type Turn } from '../../src/mechanisms/refresh/line.ts'

const LIMIT = 16
/** As a timer of a runtime can. */
const EARLY_MS = 0.5

function createBench(pollMs?: number) {
  const clock = createManualClock()
  const line = createLine({ clock, random: () => 0.5, pollMs })
  return { clock, line }
}

/** Takes every free turn. */
function fill(line: Line): Turn[] {
  return Array.from({ length: LIMIT }, (_, i) => {
    const turn = line.enter(`first-${i}`)
    if (turn instanceof Promise) throw new Error('There should be a turn')
    return turn
  })
}

/** Enters the line, and notes the name when it gets its turn. */
function enter(line: Line, key: string, admitted: string[], turns: Turn[] = []): void {
  async function wait(): Promise<void> {
    turns.push(await line.enter(key))
    admitted.push(key)
  }
  void wait()
}

describe('the line before the authorization server', () => {
  it('16 do not wait, the 17th does', () => {
    const { line } = createBench()
    fill(line)
    expect(line.enter('next')).toBeInstanceOf(Promise)
  })

  it('admits in the order of arrival, one for each that leaves', async () => {
    const { clock, line } = createBench()
    const turns = fill(line)
    const admitted: string[] = []
    for (const key of ['a', 'b', 'c']) enter(line, key, admitted)
    turns[0]?.leave()
    turns[0]?.leave()
    await clock.advance(0)
    expect(admitted).toEqual(['a'])
    turns[1]?.leave()
    turns[2]?.leave()
    await clock.advance(0)
    expect(admitted).toEqual(['a', 'b', 'c'])
  })

  it('a session has one place, however many of its callers wait, and they share the turn', async () => {
    const { clock, line } = createBench()
    const [first] = fill(line)
    const waiting = ['a', 'b', 'a', 'a'].map((key) => Promise.resolve(line.enter(key)))
    first?.leave()
    await clock.advance(0)
    const [one, other, two, three] = waiting
    const mine = await Promise.all([one, two, three])
    // The turn ends when the last caller of the session has left.
    mine[0]?.leave()
    mine[0]?.leave()
    mine[1]?.leave()
    await clock.advance(0)
    expect(await Promise.race([other, Promise.resolve('waits')])).toBe('waits')
    mine[2]?.leave()
    await other
  })

  it('no caller passes others: a caller that comes when a turn is free still goes to the end', async () => {
    const { clock, line } = createBench()
    const turns = fill(line)
    const admitted: string[] = []
    turns[0]?.overloaded(1)
    for (const turn of turns) turn.leave()
    enter(line, 'early', admitted)
    await clock.advance(900)
    enter(line, 'late', admitted)
    await clock.advance(1000)
    expect(admitted).toEqual(['early', 'late'])
  })

  it('never admits more than the limit, and admits all callers in the end', async () => {
    const deed = fc.constantFrom('enter', 'enter', 'leave', 'succeed', 'overload', 'wait')
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 120 }), async (deeds) => {
        const { clock, line } = createBench()
        const turns: Turn[] = []
        const admitted: string[] = []
        let [entered, limit, cutAt] = [0, LIMIT, -Infinity]
        const leave = () => turns.shift()?.leave()
        for (const each of deeds) {
          const before = turns.length
          if (each === 'enter') enter(line, `${(entered += 1)}`, admitted, turns)
          if (each === 'leave') leave()
          if (each === 'wait') await clock.advance(200)
          if (each === 'succeed') {
            turns[0]?.succeeded(10)
            if (turns.length > 0) limit += 1
          }
          if (each === 'overload' && turns[0]) {
            turns[0].overloaded()
            if (clock.elapsed() - cutAt >= 500) [limit, cutAt] = [Math.max(2, limit / 2), clock.elapsed()]
          }
          await clock.advance(0)
          expect(turns.length).toBeLessThanOrEqual(Math.max(before, limit))
        }
        for (let i = 0; i < 200 && admitted.length < entered; i++) {
          leave()
          await clock.advance(0)
        }
        expect(admitted).toEqual(Array.from({ length: entered }, (_, i) => `${i + 1}`))
      }),
      { numRuns: 25 },
    )
  })

  it('a turn that is never released, because its request is gone, ends after 70 s', async () => {
    const { clock, line } = createBench()
    fill(line)
    const admitted: string[] = []
    enter(line, 'a', admitted)
    await clock.advance(120_001)
    expect(admitted).toEqual(['a'])
  })
})

describe('a pause after an overload', () => {
  it.each([
    [undefined, 0],
    [0, 1000],
    [1, 1000],
    [7, 7000],
    [300, 30_000],
  ])('of %j s lasts %d ms for callers that come during it', async (seconds, ms) => {
    const { clock, line } = createBench()
    const turns = fill(line)
    turns[0]?.overloaded(seconds)
    for (const turn of turns) turn.leave()
    const admitted: string[] = []
    enter(line, 'a', admitted)
    await clock.advance(ms - 1)
    expect(admitted).toEqual(ms === 0 ? ['a'] : [])
    await clock.advance(1)
    expect(admitted).toEqual(['a'])
  })

  it('ends although a timer fires a little early', async () => {
    const clock = createManualClock()
    const sleep = (ms: number, signal?: AbortSignal) => clock.sleep(Math.max(0, ms - EARLY_MS), signal)
    const line = createLine({ clock: { ...clock, sleep }, random: () => 0.5 })
    const turns = fill(line)
    const admitted: string[] = []
    enter(line, 'waits', admitted)
    turns[0]?.overloaded(1)
    for (const turn of turns) turn.leave()
    await clock.advance(1100)
    expect(admitted).toEqual(['waits'])
  })

  it('ends on time for callers that waited before it began, although all turns were left during it', async () => {
    const { clock, line } = createBench()
    const turns = fill(line)
    const admitted: string[] = []
    enter(line, 'a', admitted)
    await clock.advance(100)
    turns[0]?.overloaded(2)
    for (const turn of turns) turn.leave()
    await clock.advance(2001)
    expect(admitted).toEqual(['a'])
  })
})
