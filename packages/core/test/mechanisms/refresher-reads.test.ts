import { describe, expect, it } from 'vitest'
import type { Refresher } from '../../src/mechanisms/refresh/refresher.ts'
import { createLine } from '../../src/mechanisms/refresh/line.ts'
import type { Snapshot } from '../../src/ports/session-handle.ts'
import { createRefreshBench, granted, pass } from './refresh-bench.ts'

async function createCountingBench() {
  const counts = { read: 0, swap: 0 }
  const bench = await createRefreshBench({
    tweak: (store) => ({
      read: (key) => (counts.read++, store.read(key)),
      swap: (...args) => (counts.swap++, store.swap(...args)),
    }),
  })
  Object.assign(counts, { read: 0, swap: 0 })
  const token = (process: Refresher, seen: Snapshot | undefined) =>
    Promise.resolve(
      process.token(bench.cell, seen, {
        key: '',
        request: {},
        keepAlive: (work) => void bench.kept.push(work),
      }),
    )
  return { bench, counts, token }
}

describe('the reads of a refresh', () => {
  it('starts from the session that the caller has read', async () => {
    const { bench, counts } = await createCountingBench()
    const call = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(granted(bench, '1'))
    expect(await call).toBe('at-1')
    expect(counts).toEqual({ read: 1, swap: 2 })
  })

  it('reads the session again after it waited in line', async () => {
    const { bench, counts } = await createCountingBench()
    const line = createLine({ clock: bench.clock, random: () => 0.5 })
    const turns = Array.from({ length: 16 }, (_, i) => line.enter(`other-${i}`))
    const call = bench.ask(bench.process({ line }))
    await pass(bench, 1000)
    for (const turn of turns) if (!(turn instanceof Promise)) turn.leave()
    ;(await bench.untilSent(1)).answer(granted(bench, '1'))
    expect(await call).toBe('at-1')
    expect(counts).toEqual({ read: 2, swap: 2 })
  })

  it('reads the session again after it waited for another token of the session', async () => {
    const { bench, counts } = await createCountingBench()
    const process = bench.process()
    const first = bench.ask(process)
    const second = bench.ask(process, { key: 'other', request: { resource: 'https://api.example.com' } })
    ;(await bench.untilSent(1)).answer(granted(bench, '1'))
    expect(await first).toBe('at-1')
    ;(await bench.untilSent(2)).answer(granted(bench, '2'))
    expect(await second).toBe('at-2')
    expect(counts).toEqual({ read: 3, swap: 4 })
  })

  it('sends nothing if another process has refreshed since the caller read the session', async () => {
    const { bench, token } = await createCountingBench()
    const seen = await bench.cell.read()
    const other = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(granted(bench, 'other'))
    await other
    expect(await token(bench.process(), seen)).toMatchObject({ token: { value: 'at-other' } })
    expect(bench.sent).toHaveLength(1)
  })

  it('sends nothing if the session has ended since the caller read it', async () => {
    const { bench, token } = await createCountingBench()
    const seen = await bench.cell.read()
    await bench.cell.end('signed_out')
    expect(await token(bench.process(), seen)).toEqual({ kind: 'sign_in', code: 'no_session' })
    expect(bench.sent).toEqual([])
  })
})
