import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createLine, type Line, type Turn } from '../../src/mechanisms/refresh/line.ts'

const LIMIT = 16
const POLL_MS = 20

function createBench(pollMs?: number) {
  const clock = createManualClock()
  const line = createLine({ clock, random: () => 0.5, pollMs })
  const turns = Array.from({ length: LIMIT }, (_, i) => line.enter(`first-${i}`) as Turn)
  return { clock, line, turns }
}

describe('where no request can wake another one', () => {
  it('waiting callers read again automatically, in the order of arrival', async () => {
    const { clock, line, turns } = createBench(POLL_MS)
    const admitted: string[] = []
    for (const key of ['a', 'b']) void Promise.resolve(line.enter(key)).then(() => admitted.push(key))
    turns[0]?.leave()
    await clock.advance(POLL_MS)
    expect(admitted).toEqual(['a'])
    turns[1]?.leave()
    await clock.advance(POLL_MS)
    expect(admitted).toEqual(['a', 'b'])
  })

  it('a place whose owner is gone for 2 s is dropped, and does not block the others', async () => {
    const clock = createManualClock()
    // The runtime ends the first request: its timers never fire again.
    let isGone = false
    const sleep: typeof clock.sleep = (ms) => (isGone ? new Promise(() => undefined) : clock.sleep(ms))
    const line = createLine({ clock: { ...clock, sleep }, random: () => 0.5, pollMs: POLL_MS })
    const turns = Array.from({ length: LIMIT }, (_, i) => line.enter(`first-${i}`) as Turn)
    const admitted: string[] = []
    isGone = true
    void Promise.resolve(line.enter('gone')).then(() => admitted.push('gone'))
    isGone = false
    await clock.advance(1990)
    void Promise.resolve(line.enter('alive')).then(() => admitted.push('alive'))
    await clock.advance(100)
    turns[0]?.leave()
    await clock.advance(POLL_MS)
    expect(admitted).toEqual(['alive'])
  })

  it('a process that was busy for more than 2 s loses no place', async () => {
    const clock = createManualClock()
    let isBusy = true
    const sleep: typeof clock.sleep = (ms) => clock.sleep(isBusy ? 2200 : ms)
    const line = createLine({ clock: { ...clock, sleep }, random: () => 0.5, pollMs: POLL_MS })
    const turns = Array.from({ length: LIMIT }, (_, i) => line.enter(`first-${i}`) as Turn)
    const admitted: string[] = []
    for (const key of ['a', 'b', 'c']) void Promise.resolve(line.enter(key)).then(() => admitted.push(key))
    isBusy = false
    for (const turn of turns) turn.leave()
    await clock.advance(2200 + 10 * POLL_MS)
    expect(admitted.toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('does not drop who is woken by others, however long it waits', async () => {
    const { clock, line, turns } = createBench()
    const admitted: string[] = []
    void Promise.resolve(line.enter('a')).then(() => admitted.push('a'))
    await clock.advance(30_000)
    turns[0]?.leave()
    await clock.advance(0)
    expect(admitted).toEqual(['a'])
  })
})

describe('retryAfterSeconds', () => {
  function waitMany(line: Line, count: number): void {
    for (let i = 0; i < count; i++) void line.enter(`waiting-${i}`)
  }

  it.each([
    [0, 1],
    [40, 1],
    [41, 2],
    [400, 10],
    [5000, 30],
  ])('with %d in line and no measured rate: %d, for 40 responses a second', (count, seconds) => {
    const { line } = createBench()
    waitMany(line, count)
    expect(line.retryAfterSeconds()).toBe(seconds)
  })

  it.each([
    [5000, 10, 40],
    [5000, 30, 120],
    [5000, 60, 125],
    [20_000, 60, 240],
    [20_000, 100, 300],
  ])('with %d in a line that is %d s old: %d', async (count, age, seconds) => {
    const { clock, line } = createBench()
    // More than the limit, because turns end after 70 s.
    waitMany(line, LIMIT + 1)
    await clock.advance(age * 1000)
    waitMany(line, count)
    expect(line.retryAfterSeconds()).toBe(seconds)
  })

  it('is the length of the line by the measured rate of the last 2 s', async () => {
    const { clock, line, turns } = createBench()
    waitMany(line, 100)
    for (let i = 0; i < 100; i++) {
      turns[0]?.succeeded(100)
      await clock.advance(100)
    }
    expect(line.retryAfterSeconds()).toBe(10)
    await clock.advance(1900)
    expect(line.retryAfterSeconds()).toBe(10)
    await clock.advance(2)
    expect(line.retryAfterSeconds()).toBe(3)
  })

  it('is at least as long as a pause of the line', () => {
    const { line, turns } = createBench()
    turns[0]?.overloaded(17)
    expect(line.retryAfterSeconds()).toBe(17)
  })
})
