import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isB64Token } from '../../../src/rules/protocol/token-response.ts'

it.each([
  ['mF_9.B5f-4.1JqM', true],
  ['abc==', true],
  ['a~b+c/d', true],
  ['', false],
  ['=', false],
  ['a=b', false],
  ['a b', false],
  ['a\n', false],
  ['a\r\nX: y', false],
  ['a,b', false],
  ['"a"', false],
  ['é', false],
  ['\u212a', false],
  ['\uff41', false],
])('S29: %j: %j', (value, expected) => {
  expect(isB64Token(value)).toBe(expected)
})

it('S29: agrees with the grammar read character by character', () => {
  const allowed = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/')
  const unit = fc.constantFrom('a', 'Z', '0', '-', '/', '=', ' ', ',', 'é')
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit, maxLength: 6 })), (value) => {
      let end = value.length
      while (end > 0 && value[end - 1] === '=') end--
      expect(isB64Token(value)).toBe(
        end > 0 &&
          value
            .slice(0, end)
            .split('')
            .every((c) => allowed.has(c)),
      )
    }),
  )
})

it.each(['a', '=', 'a='])('S29: takes a long run of %j', (part) => {
  expect(isB64Token(`${part.repeat(500_000)} `)).toBe(false)
})
