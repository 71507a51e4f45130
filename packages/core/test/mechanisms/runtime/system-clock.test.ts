import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemRandom } from '../../../src/mechanisms/runtime/system-clock.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('systemRandom', () => {
  it('uses a random generator that a process installs later, so that a run with a seed can be repeated', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.25)
    expect(systemRandom()).toBe(0.25)
  })
})
