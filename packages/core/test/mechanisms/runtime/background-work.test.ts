import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createPendingWork } from '../../../src/mechanisms/runtime/background-work.ts'
import { createGate } from '../../../../../test/integration/gate.ts'

describe('pending work', () => {
  it('waits for no time if there is none', async () => {
    const clock = createManualClock()
    expect(await createPendingWork(clock).finish(1000)).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('waits for all of it, and for work that is added during the wait, and leaves no timer', async () => {
    const clock = createManualClock()
    const pending = createPendingWork(clock)
    const [first, second] = [createGate(), createGate()]
    pending.add(first.opened)
    let finished: boolean | undefined
    const done = pending.finish(1000).then((all) => (finished = all))
    pending.add(second.opened)
    first.open()
    await clock.advance(999)
    expect([finished, pending.count]).toEqual([undefined, 1])
    second.open()
    await done
    expect([finished, pending.count, clock.pending]).toEqual([true, 0, 0])
  })

  it('treats work that rejects as done', async () => {
    const pending = createPendingWork(createManualClock())
    pending.add(Promise.reject(new Error('failed')))
    expect(await pending.finish(1000)).toBe(true)
  })

  it('ends the wait at its time, for each caller', async () => {
    const clock = createManualClock()
    const pending = createPendingWork(clock)
    const gate = createGate()
    pending.add(gate.opened)
    const [short, long] = [pending.finish(1000), pending.finish(3000)]
    await clock.advance(1000)
    expect(await short).toBe(false)
    gate.open()
    expect(await long).toBe(true)
  })
})
