import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createGate } from '../../../../../test/integration/gate.ts'
import { shareReads } from '../../../src/mechanisms/sessions/shared-reads.ts'
import type { SealedRecord } from '../../../src/mechanisms/sessions/sealed-store.ts'
import { createRecord } from '../bench.ts'

/** Reads return the number of the read. Each one waits until the test releases it. */
function createReads() {
  const gates: ReturnType<typeof createGate>[] = []
  const record = createRecord(0)
  const read = shareReads(async () => {
    const gate = createGate()
    const sealed = `${gates.push(gate)}`
    await gate.opened
    return { record, sealed }
  }, createManualClock())
  return { gates, read: async (key = 'a') => (await read(key))?.sealed }
}

const turn = () => new Promise((resolve) => setTimeout(resolve))

describe('shared reads', () => {
  it('one read serves all callers of one moment', async () => {
    const { gates, read } = createReads()
    const calls = Promise.all([read(), read(), read()])
    await turn()
    gates[0]?.open()
    expect(await calls).toEqual(['1', '1', '1'])
    expect(gates).toHaveLength(1)
  })

  it('a caller never receives a read that started before its call', async () => {
    const { gates, read } = createReads()
    const first = read()
    await turn()
    const later = [read(), read()]
    await turn()
    expect(gates).toHaveLength(1)
    gates[0]?.open()
    expect(await first).toBe('1')
    await turn()
    gates[1]?.open()
    expect(await Promise.all(later)).toEqual(['2', '2'])
    const last = read()
    await turn()
    gates[2]?.open()
    expect(await last).toBe('3')
  })

  it('the reads of two sessions do not wait for each other', async () => {
    const { gates, read } = createReads()
    void read('a')
    const other = read('b')
    await turn()
    gates[1]?.open()
    expect(await other).toBe('2')
  })

  it('a failure reaches all callers of its read, and no later one', async () => {
    let isDown = true
    const known: SealedRecord = { record: createRecord(0), sealed: '' }
    const read = shareReads(
      () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve(known)),
      createManualClock(),
    )
    const results = await Promise.allSettled([read('a'), read('a')])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isDown = false
    expect(await read('a')).toBe(known)
  })

  it('a store that hangs holds up a later caller once, and not twice', async () => {
    const clock = createManualClock()
    const starts: number[] = []
    const read = shareReads(async () => {
      starts.push(clock.elapsed())
      await clock.sleep(5000)
      throw new Error('overdue')
    }, clock)
    const times = new Map<string, number>()
    const call = (name: string) => void read('a').catch(() => times.set(name, clock.elapsed()))
    call('first')
    await clock.advance(10)
    call('second')
    call('third')
    await clock.advance(1000)
    call('late')
    await clock.advance(9000)
    expect(starts).toEqual([0, 100, 1010])
    expect(Object.fromEntries(times)).toEqual({ first: 5000, second: 5100, third: 5100, late: 6010 })
  })
})
