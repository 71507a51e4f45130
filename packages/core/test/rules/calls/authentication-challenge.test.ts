import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChallenges, rejectsToken } from '../../../src/rules/calls/authentication-challenge.ts'

type Plain = [scheme: string, parameters: Record<string, string>]

function parse(header: string | null): Plain[] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])
}

describe('parseChallenges', () => {
  it.each<[string | null, Plain[]]>([
    [null, []],
    ['', []],
    [' , ,', []],
    ['Bearer', [['bearer', {}]]],
    ['Bearer realm="x"', [['bearer', { realm: 'x' }]]],
    ['BEARER Error="invalid_token"', [['bearer', { error: 'invalid_token' }]]],
    ['Bearer error = "a" , scope=b', [['bearer', { error: 'a', scope: 'b' }]]],
    ['Bearer a="1" b="2"', [['bearer', { a: '1', b: '2' }]]],
    ['Bearer a=1, scope=, error=x', [['bearer', { a: '1', error: 'x' }]]],
    ['Bearer a=1, a=2', [['bearer', { a: '1' }]]],
    ['Bearer a="say \\"hi\\", \\\\ Basic b=c"', [['bearer', { a: 'say "hi", \\ Basic b=c' }]]],
    ['Bearer a=""', [['bearer', { a: '' }]]],
    ['Bearer a="unterminated', [['bearer', { a: 'unterminated' }]]],
    [
      'Bearer, Basic realm="x"',
      [
        ['bearer', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Basic realm="a, b", DPoP algs="ES256 PS256", error=invalid_token, Bearer',
      [
        ['basic', { realm: 'a, b' }],
        ['dpop', { algs: 'ES256 PS256', error: 'invalid_token' }],
        ['bearer', {}],
      ],
    ],
    [
      'Negotiate YII/a+b==, Bearer error="x"',
      [
        ['negotiate', {}],
        ['bearer', { error: 'x' }],
      ],
    ],
    [
      'Negotiate abc= , NTLM abc, Basic abc',
      [
        ['negotiate', {}],
        ['ntlm', {}],
        ['basic', {}],
      ],
    ],
    ['error="invalid_token"', []],
    ['"Bearer error=x" , =, Bearer', [['bearer', {}]]],
    ['Bearer __proto__="x"', [['bearer', Object.fromEntries([['__proto__', 'x']])]]],
  ])('RFC 9110 §11.6.1: reads %j', (header, expected) => {
    expect(parse(header)).toEqual(expected)
  })

  it('reads the challenges that it wrote', () => {
    const token = fc.string({
      unit: fc.constantFrom(..."abcxyz019!#$%&'*+-.^_`|~".split('')),
      minLength: 1,
      maxLength: 6,
    })
    const value = fc.oneof(
      token.map((text) => ({ text, written: text })),
      fc.string().map((text) => ({ text, written: `"${text.replace(/["\\]/g, '\\$&')}"` })),
    )
    const challenge = fc.record({
      scheme: token,
      parameters: fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name, maxLength: 3 }),
    })
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const header = challenges.map(
          ({ scheme, parameters }) =>
            `${scheme} ${parameters.map(([name, { written }]) => `${name}=${written}`).join(', ')}`,
        )
        const expected = challenges.map(({ scheme, parameters }) => [
          scheme,
          Object.fromEntries(parameters.map(([name, { text }]) => [name, text])),
        ])
        expect(parse(header.join(', '))).toEqual(expected)
      }),
    )
  })

  it('never throws', () => {
    const unit = fc.constantFrom('Bearer', 'a', '=', '"', '\\', ',', ' ', '\n', '\u{1f600}')
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit })), (header) => void parseChallenges(header)),
    )
  })

  it.each(['"', '\\"', 'a="', 'a=', 'a ', 'a\t,', '= ', 'a="\\', `a${' '.repeat(8_000)}`])(
    'takes %j repeated, and nothing over 16 KiB',
    (part) => {
      parseChallenges(part.repeat(16_384 / part.length))
      expect(parseChallenges(`Bearer ${part.repeat(20_000_000 / part.length)}`)).toEqual([])
    },
  )
})

describe('rejectsToken', () => {
  it.each<[number, string | null, boolean]>([
    [401, 'Bearer error="invalid_token"', true],
    [401, 'bearer realm="x", error=invalid_token, error_description="expired"', true],
    [401, 'DPoP algs="ES256", error="invalid_token"', true],
    [401, 'Basic realm="x", Bearer error="invalid_token"', true],
    [403, 'Bearer error="invalid_token"', false],
    [200, 'Bearer error="invalid_token"', false],
    [401, null, true],
    [401, 'Bearer', true],
    [401, 'Bearer realm="x"', true],
    [401, 'Bearer error="expired_token"', true],
    [401, 'Bearer error="invalid_token", Bearer error="insufficient_scope"', true],
    [401, 'Bearer realm="x", DPoP error="use_dpop_nonce"', false],
    [401, 'Bearer error="insufficient_claims", claims="e30="', false],
    [401, 'Negotiate', false],
    [403, null, false],
    [403, 'Bearer', false],
    [401, 'Basic error="invalid_token"', false],
    [401, 'Bearer error="insufficient_scope"', false],
    [401, 'Bearer error="insufficient_user_authentication", max_age="5"', false],
    [401, 'DPoP error="use_dpop_nonce"', false],
    [401, 'Bearer error="insufficient_scope", error_description="error=\\"invalid_token\\""', false],
    [401, 'Bearer error="insufficient_scope", Basic error="invalid_token"', false],
  ])('S19: %j with %j: %j', (status, header, expected) => {
    const headers = new Headers(header === null ? {} : { 'www-authenticate': header })
    expect(rejectsToken({ status, headers })).toBe(expected)
  })
})
