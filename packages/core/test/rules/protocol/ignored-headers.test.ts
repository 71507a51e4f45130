import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { readTimeHeaders } from '../../../src/rules/protocol/time-headers.ts'

const NOW = 784_111_777
const AT = 'Sun, 06 Nov 1994 08:49:37 GMT'

it.each<[string, string, boolean]>([
  ['date', AT, false],
  ['date', 'Sun Nov  6 08:49:37 1994', false],
  ['date', 'Thu, 01 Jan 1970 00:00:00 GMT', false],
  ['date', '', true],
  ['date', 'yesterday', true],
  ['date', `${AT}, ${AT}`, true],
  ['date', 'Sun, 99 Nov 1994 08:49:37 GMT', true],
  ['age', '0', false],
  ['age', '86400', false],
  ['age', '-1', true],
  ['age', 'old', true],
  ['age', '9'.repeat(400), true],
  ['retry-after', '0', false],
  ['retry-after', '300', false],
  ['retry-after', 'Sun, 06 Nov 1994 08:50:37 GMT', false],
  ['retry-after', 'Sun, 06 Nov 1994 08:48:37 GMT', false],
  ['retry-after', '-5', true],
  ['retry-after', 'soon', true],
  ['retry-after', '31536000', true],
  ['retry-after', '9'.repeat(400), true],
  ['retry-after', 'Mon, 06 Nov 1995 08:49:37 GMT', true],
  ['retry-after', 'Thu, 01 Jan 1970 00:00:00 GMT', true],
])('%s: %s', (name, value, isIgnored) => {
  expect(readTimeHeaders(new Headers({ [name]: value }), NOW).ignored).toEqual(isIgnored ? [name] : [])
})

it('throws for no value', () => {
  const value = fc.string({ unit: 'grapheme-ascii' })
  fc.assert(
    fc.property(value, value, value, (date, age, retryAfter) => {
      const headers = new Headers({ date, age, 'retry-after': retryAfter })
      expect(readTimeHeaders(headers, NOW).ignored.length).toBeLessThanOrEqual(3)
    }),
  )
})
