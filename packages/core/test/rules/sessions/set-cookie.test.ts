import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseCookies, setCookie } from '../../../src/rules/sessions/cookies.ts'
import { cookiesAfter, parseSetCookie } from '../../../src/rules/sessions/set-cookie.ts'

const name = fc.stringMatching(/^(?:__Host-)?[\w-]{1,20}$/)
const value = fc.stringMatching(/^[\w~*.-]{0,40}$/)
const attributes = fc.record(
  {
    maxAge: fc.nat(1e9),
    sameSite: fc.constantFrom('Lax', 'Strict', 'None'),
    secure: fc.boolean(),
  },
  { requiredKeys: ['sameSite', 'secure'] },
)

it('reads every line that Evertoken writes', () => {
  fc.assert(
    fc.property(name, value, attributes, (cookie, text, { maxAge, sameSite, secure }) => {
      const line = setCookie(cookie, text, { sameSite, secure, ...(maxAge !== undefined && { maxAge }) })
      expect(parseSetCookie(line)).toEqual({
        name: cookie,
        value: text,
        path: '/',
        httpOnly: true,
        secure,
        sameSite: sameSite.toLowerCase(),
        ...(maxAge !== undefined && { maxAge }),
      })
    }),
  )
})

it('adds, replaces and removes cookies like a browser', () => {
  const received = ['a=2; Path=/', 'b=; Path=/; Max-Age=0', 'd=4; Path=/; Max-Age=9'].map(parseSetCookie)
  expect(cookiesAfter(parseCookies('a=1; b=1; c=3'), received)).toBe('a=2; c=3; d=4')
})
