import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { sameText } from '../../src/rules/same-text.ts'

it('S31: agrees with equality', () => {
  const text = fc.string({ unit: 'binary', maxLength: 4 })
  fc.assert(fc.property(text, text, (a, b) => sameText(a, b) === (a === b)))
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (a) => sameText(a, a)))
  for (const [a, b] of [
    ['', '\u0000'],
    ['\u0000', ''],
    ['a', 'a\u0000'],
    ['a\u0000', 'a'],
    ['ab', 'a'],
  ] as const) {
    expect(sameText(a, b)).toBe(false)
  }
})

it('S31: reads every character, for any position of the first difference', () => {
  const looked: number[] = []
  const watched = { length: 5, charCodeAt: (i: number) => looked.push(i) } as unknown as string
  sameText(watched, 'xxxxx')
  expect(looked).toEqual([0, 1, 2, 3, 4])
})
