import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseHttpDate } from '../../../src/rules/protocol/time-headers.ts'

it.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777],
  ['Sun Nov  6 08:49:37 1994', 784_111_777],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['', undefined],
  ['784111777', undefined],
  ['1994-11-06T08:49:37Z', undefined],
  ['Sun, 06 Nov 1994 08:49:37 +0100', undefined],
  ['Sun, 06 Nov 1994 08:49:37', undefined],
  ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 99:49:37 GMT', undefined],
  ['tomorrow GMT', undefined],
])('RFC 9110 §5.6.7: %j', (text, expected) => {
  expect(parseHttpDate(text)).toBe(expected)
})

it('reads what every server writes, to the second', () => {
  fc.assert(
    fc.property(fc.nat(4_000_000_000), (seconds) => {
      expect(parseHttpDate(new Date(seconds * 1000).toUTCString())).toBe(seconds)
    }),
  )
})

it('reads a date without a zone as GMT, in whatever zone this machine is', () => {
  const zone = process.env['TZ']
  try {
    process.env['TZ'] = 'Asia/Tokyo'
    expect(parseHttpDate('Sun Nov  6 08:49:37 1994')).toBe(784_111_777)
  } finally {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  }
})

it('never throws, and returns a finite number or nothing', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((each) => `Sun, ${each} 08:49:37 GMT`),
  )
  fc.assert(
    fc.property(text, (each) => {
      const seconds = parseHttpDate(each)
      expect(seconds === undefined || Number.isFinite(seconds)).toBe(true)
    }),
  )
})
