import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  COOKIE_BUDGET_BYTES,
  cookieBytes,
  loginCookieName,
  MIN_PENDING_LOGINS,
  recordRoom,
  sessionBytes,
  sessionRoom,
  surplusLogins,
} from '../../../src/rules/sessions/cookie-budget.ts'
import { chunkCookie } from '../../../src/rules/sessions/cookies.ts'

const NAME = '__Host-Http-evertoken-1a2b3c4'
const SECRET = 's'.repeat(43)

function logins(count: number): [string, string][] {
  return Array.from({ length: count }, (_, i) => [loginCookieName(NAME, `${i}`.padStart(8, '0')), SECRET])
}

const total = (cookies: Iterable<[string, string]>) =>
  [...cookies].reduce((sum, [name, value]) => sum + cookieBytes(name, value), 0)

describe('the cookie budget', () => {
  it('S23: leaves room for a kilobyte of the application behind the 8 KiB of nginx', () => {
    expect(COOKIE_BUDGET_BYTES + 1000).toBeLessThan(8192 - 'Cookie: \r\n'.length)
  })

  it('S23: fits the largest session and ten logins together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4096, max: 16_384 }), (max) => {
        const value = 'x'.repeat(sessionRoom(NAME, max))
        const lengths = Array.from({ length: 200 }, (_, i) => value.length - i)
        const chunks = lengths
          .map((length) => chunkCookie(NAME, value.slice(0, length), sessionRoom(NAME, max)))
          .find((each) => each !== undefined)
        expect(chunks).toBeDefined()
        expect(total([...(chunks ?? []), ...logins(MIN_PENDING_LOGINS)])).toBeLessThanOrEqual(max)
      }),
    )
  })

  it('has room for a record that is encrypted', () => {
    for (const max of [4096, 7168, 16_384]) {
      const sealed = Math.ceil(((recordRoom(NAME, max) + 16) * 4) / 3) + 120
      expect(chunkCookie(NAME, 'x'.repeat(sealed), sessionRoom(NAME, max))).toBeDefined()
    }
  })

  it('drops the oldest logins, and never one of the newest', () => {
    fc.assert(
      fc.property(fc.nat(80), fc.nat(7168), (count, added) => {
        const cookies = new Map(logins(count))
        const surplus = surplusLogins(cookies, NAME, 7168, added, 10)
        expect(surplus).toEqual([...cookies.keys()].slice(0, surplus.length))
        const rest = [...cookies].slice(surplus.length)
        expect(rest.length).toBeGreaterThanOrEqual(Math.min(count, 10))
        if (rest.length > 10) expect(total(rest) + added).toBeLessThanOrEqual(7168)
      }),
    )
  })

  it('includes the session, and no other cookie of the application', () => {
    const session: [string, string][] = [
      [NAME, 'x'.repeat(2000)],
      [`${NAME}.1`, 'y'.repeat(100)],
    ]
    const others: [string, string][] = [...logins(3), ['theme', 'dark'], [`${NAME}2`, 'z'.repeat(3000)]]
    expect(sessionBytes(new Map([...session, ...others]), NAME)).toBe(total(session))
    expect(surplusLogins(new Map(others), NAME, 0, 0, 0)).toEqual(logins(3).map(([name]) => name))
  })
})
