import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { jwtTimes } from '../../../src/rules/protocol/jwt.ts'
import { NOW, reading } from '../arbitraries.ts'

it('dates a JWT by the server if its time is known, in whole seconds, and never in the future', () => {
  fc.assert(
    fc.property(reading, fc.integer({ min: 5, max: 300 }), (now, lifetime) => {
      const time = now.server ?? now.wall
      const { iat, nbf, exp } = jwtTimes(now, lifetime)
      expect(Number.isInteger(iat)).toBe(true)
      expect(nbf).toBe(iat)
      expect(exp - iat).toBe(lifetime)
      // The time of the server is known to half a second.
      expect(iat).toBeLessThanOrEqual(time - 0.5)
      expect(iat).toBeGreaterThan(time - 2.001)
    }),
  )
  expect(jwtTimes({ wall: NOW + 0.9, server: NOW + 500.9 }, 60).iat).toBe(NOW + 499)
})
