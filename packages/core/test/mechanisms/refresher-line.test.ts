import { describe, expect, it } from 'vitest'
import { createLine } from '../../src/mechanisms/refresh/line.ts'
import type { RefreshResult } from '../../src/ports/authorization-server.ts'
import { createRefreshBench, granted, pass } from './refresh-bench.ts'

const BUSY: RefreshResult = {
  kind: 'not_processed',
  cause: { name: 'E' },
  isBusy: true,
  retryAfterSeconds: 5,
}

async function createLineBench() {
  const bench = await createRefreshBench()
  const line = createLine({ clock: bench.clock, random: () => 0.5 })
  const process = bench.process({ line })
  const fill = () =>
    Array.from({ length: 16 }, (_, i) => {
      const turn = line.enter(`other-${i}`)
      if (turn instanceof Promise) throw new Error('There should be a turn')
      return turn
    })
  return { bench, line, process, fill }
}

describe('the line before the lease', () => {
  it('a refresh that waits in line has not taken the lease: another process goes first', async () => {
    const { bench, process, fill } = await createLineBench()
    const [turn] = fill()
    const waiting = bench.ask(process)
    await pass(bench, 1000)
    expect((await bench.record()).lease).toBeUndefined()
    const other = bench.ask(bench.process())
    ;(await bench.untilSent(1)).answer(granted(bench, 'other'))
    expect(await other).toBe('at-other')
    turn?.leave()
    expect(await waiting).toBe('at-other')
    expect(bench.sent).toHaveLength(1)
  })

  it('a refresh that waits for another process does not keep a turn', async () => {
    const { bench, line, process } = await createLineBench()
    void bench.ask(bench.process())
    await bench.untilSent(1)
    void bench.ask(process)
    await pass(bench, 500)
    const turns = Array.from({ length: 16 }, (_, i) => line.enter(`other-${i}`))
    expect(turns.some((turn) => turn instanceof Promise)).toBe(false)
  })

  it('a request without a response gives its turn to others at the request timeout', async () => {
    const { bench, line, process } = await createLineBench()
    void bench.ask(process)
    const request = await bench.untilSent(1)
    await pass(bench, 9000, 500)
    // It was slow, so the limit is 8, and it has one of them.
    for (let i = 0; i < 7; i++) expect(line.enter(`other-${i}`)).not.toBeInstanceOf(Promise)
    let isAdmitted = false
    void Promise.resolve(line.enter('waiting')).then(() => (isAdmitted = true))
    await pass(bench, 500)
    expect(isAdmitted).toBe(false)
    await pass(bench, 1000, 500)
    expect(isAdmitted).toBe(true)
    request.answer(granted(bench, 'late'))
    await pass(bench, 100)
    expect((await bench.record()).refreshToken).toBe('rt-late')
  })

  it('a server that is busy stops all refreshes of the process, and reports when to try again', async () => {
    const { bench, line, process } = await createLineBench()
    const call = bench.ask(process)
    ;(await bench.untilSent(1)).answer(BUSY)
    expect(await call).toBe('authorization_server_unavailable')
    expect(line.enter('another session')).toBeInstanceOf(Promise)
    expect(line.retryAfterSeconds()).toBe(5)
    expect((await bench.record()).backOff).toMatchObject({ seconds: 5 })
  })

  it('a refresh leaves the line when it fails', async () => {
    const { bench, line, process } = await createLineBench()
    for (let i = 0; i < 20; i++) {
      const call = bench.ask(process)
      const request = await bench.untilSent(i + 1)
      request.answer({ kind: 'misconfigured', cause: { name: 'E' } })
      expect(await call).toBe('client_rejected')
      await pass(bench, 61_000, 61_000)
    }
    expect(line.enter('another session')).not.toBeInstanceOf(Promise)
  })
})
