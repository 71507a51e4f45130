import { describe, expect, it } from 'vitest'
import type { Refresher } from '../../src/mechanisms/refresh/refresher.ts'
import type { TokenCall } from '../../src/mechanisms/refresh/attempt.ts'
import { createRefreshBench, granted, type RefreshBench } from './refresh-bench.ts'

/** A caller with the record of an earlier read, and a later one that makes a demand, share the first one's flight. */
async function askTogether(bench: RefreshBench, refresher: Refresher, demand: Partial<TokenCall>) {
  const seen = await bench.cell.read()
  const other = bench.ask(bench.process())
  const request = await bench.untilSent(1)
  request.answer(granted(bench, 'one'))
  expect(await other).toBe('at-one')
  const newest = await bench.cell.read()
  const call = { key: '', request: {}, keepAlive: (work: Promise<unknown>) => void bench.kept.push(work) }
  const stale = refresher.token(bench.cell, seen, call)
  const next = refresher.token(bench.cell, newest, { ...call, ...demand })
  const valueOf = async (result: typeof next) => {
    const found = await result
    return found.kind === 'token' ? found.token.value : found.code
  }
  return { stale: valueOf(stale), next: valueOf(next) }
}

describe('a flight that returns the token that a caller has', () => {
  it.each<[string, Partial<TokenCall>]>([
    ['forceRefresh', { forceRefresh: true }],
    ['rejected', { rejected: 'at-one' }],
  ])('%s: the caller gets the token of a further refresh', async (_name, demand) => {
    const bench = await createRefreshBench()
    const { stale, next } = await askTogether(bench, bench.process(), demand)
    expect(await stale).toBe('at-one')
    const request = await bench.untilSent(2)
    request.answer(granted(bench, 'two'))
    expect([await next, bench.sent.length]).toEqual(['at-two', 2])
  })

  it('minValiditySeconds: a new token is valid for long enough, whatever its lifetime', async () => {
    const bench = await createRefreshBench()
    const { stale, next } = await askTogether(bench, bench.process(), { minValiditySeconds: 99_999 })
    expect([await stale, await next, bench.sent.length]).toEqual(['at-one', 'at-one', 1])
  })
})
