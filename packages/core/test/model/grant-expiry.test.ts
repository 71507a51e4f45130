import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { grantExpiryAfter } from '../../src/model/grant-expiry.ts'

const NOW = { wall: 1_800_000_000 }
const DAY = 86_400
const ending = (left: number, lifetime = left) => ({ at: NOW.wall + left, lifetime })
const before = ending(30 * DAY)
const kept = { isRotated: false, tokenLifetime: 300 }
const rotated = { isRotated: true, tokenLifetime: 300 }

it('keeps the end of a refresh token that stays, and forgets that of one that is replaced', () => {
  expect(grantExpiryAfter(before, kept, NOW)).toEqual(before)
  expect(grantExpiryAfter(before, rotated, NOW)).toBeUndefined()
  expect(grantExpiryAfter(undefined, rotated, NOW)).toBeUndefined()
})

it('takes the end that the response reports', () => {
  expect(grantExpiryAfter(before, { ...rotated, reported: ending(60 * DAY) }, NOW)).toEqual(ending(60 * DAY))
})

it.each([
  ['7 days before the end of a year', 7 * DAY, 365 * DAY, 300, true],
  ['8 days before the end of a year', 8 * DAY, 365 * DAY, 300, undefined],
  ['in the last 10 % of 30 minutes', 180, 1800, 60, true],
  ['after a refresh that renews 30 minutes', 1800, 1800, 300, undefined],
  ['if no other refresh follows', 1800, 1800, 3600, true],
])('the end is near %s', (_when, left, lifetime, tokenLifetime, isSoon) => {
  const reported = ending(left, lifetime)
  expect(grantExpiryAfter(undefined, { ...kept, tokenLifetime, reported }, NOW)?.isSoon).toBe(isSoon)
})

it('knows the whole lifetime from the first response, if later ones report only the rest', () => {
  const steps = fc.array(fc.integer({ min: 1, max: 3600 }), { maxLength: 40 })
  fc.assert(
    fc.property(steps, (pauses) => {
      let left = 10 * DAY
      let expiry = grantExpiryAfter(undefined, { ...rotated, reported: ending(left) }, NOW)
      for (const pause of pauses) {
        left -= pause
        expiry = grantExpiryAfter(expiry, { ...rotated, reported: ending(left) }, NOW)
        expect(expiry?.isSoon).toBe(left <= DAY ? true : undefined)
      }
    }),
  )
})
