import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isRegistrationName, joinNamedId, splitNamedId } from '../../../src/rules/sessions/session-id.ts'

it('an ID with a name has one reading, for any name', () => {
  const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }).filter(isRegistrationName)
  fc.assert(
    fc.property(
      fc.base64String().map((text) => text.replace(/[=.]/g, '')),
      names,
      (key, name) => {
        const id = joinNamedId({ key, name })
        expect(splitNamedId(id)).toEqual({ key, name })
        expect(id).toMatch(/^[\x21-\x7e]*$/)
      },
    ),
  )
})

it.each([undefined, null, 7, '', 'key', 'key.', 'key.%', 'key.%E0%A4%A'])(
  '%j names no registration',
  (id) => {
    expect(splitNamedId(id)).toBeUndefined()
  },
)

it.each([
  ['a', true],
  ['x'.repeat(255), true],
  ['', false],
  ['x'.repeat(256), false],
  ['\ud800', false],
  [7, false],
  [undefined, false],
])('%j can be a name: %j', (name, expected) => {
  expect(isRegistrationName(name)).toBe(expected)
})
