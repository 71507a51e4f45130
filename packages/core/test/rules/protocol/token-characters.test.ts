import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isTokenText } from '../../../src/rules/protocol/token-response.ts'

it.each([
  ['mF_9.B5f-4.1JqM', true],
  ['abc==', true],
  ['a~b+c/d', true],
  ['00D5g!AQ0', true],
  ['Atza|IwEB', true],
  ['v^1.1#i^1#p^3', true],
  ['user:grant:secret', true],
  ['a,b', true],
  ['"a\\"', true],
  ['=', true],
  ['', false],
  ['a b', false],
  [' a', false],
  ['a\t', false],
  ['a\n', false],
  ['a\r\nX: y', false],
  ['\u0000', false],
  ['\u007f', false],
  ['é', false],
  ['\u212a', false],
  ['\uff41', false],
])('S29: %j: %j', (value, expected) => {
  expect(isTokenText(value)).toBe(expected)
})

it('S29: takes exactly the visible characters of ASCII', () => {
  const unit = fc.oneof(fc.integer({ min: 0, max: 0x17f }), fc.constantFrom(0x20, 0x21, 0x7e, 0x7f))
  const text = fc.array(unit, { maxLength: 6 }).map((codes) => String.fromCharCode(...codes))
  fc.assert(
    fc.property(text, (value) => {
      const codes = value.split('').map((character) => character.charCodeAt(0))
      expect(isTokenText(value)).toBe(codes.length > 0 && codes.every((code) => code > 0x20 && code < 0x7f))
    }),
  )
})

it('S29: a token can be put into a header, and the header has the same token', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      if (!isTokenText(value)) return
      expect(new Headers({ authorization: `Bearer ${value}` }).get('authorization')).toBe(`Bearer ${value}`)
    }),
  )
})

it.each(['a', '=', 'a='])('S29: reads a long run of %j', (part) => {
  expect(isTokenText(`${part.repeat(500_000)} `)).toBe(false)
})
