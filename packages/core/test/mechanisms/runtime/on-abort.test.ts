import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { onAbort } from '../../../src/mechanisms/runtime/on-abort.ts'

describe('onAbort', () => {
  it('calls every caller of a signal, with one listener', () => {
    const abort = new AbortController()
    const called: number[] = []
    const removals = Array.from({ length: 12 }, (_, i) => onAbort(abort.signal, () => called.push(i)))
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1)
    removals[3]?.()
    abort.abort()
    expect(called).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it('leaves no listener after the last caller, and listens again for the next one', () => {
    const abort = new AbortController()
    const called: string[] = []
    const removals = ['a', 'b'].map((name) => onAbort(abort.signal, () => called.push(name)))
    for (const remove of removals) remove()
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0)
    onAbort(abort.signal, () => called.push('c'))
    abort.abort()
    expect(called).toEqual(['c'])
  })
})
