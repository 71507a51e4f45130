import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTokenBody } from '../../../src/rules/protocol/token-body.ts'

const name = fc.oneof(fc.constantFrom('a', 'b', 'refresh_token', '"', '\\', '{', '":"', '\\"'), fc.string())
const member = fc.tuple(name, fc.jsonValue())

function toJson(entries: readonly (readonly [string, unknown])[], space = ''): string {
  const parts = entries.map(
    ([key, value]) => JSON.stringify(key) + space + ':' + space + JSON.stringify(value),
  )
  return `${space}{${parts.join(space + ',')}}`
}

describe('a body', () => {
  it.each([
    '',
    '{',
    '{"a":1',
    '{"a":1,}',
    "{'a':1}",
    '{"a":1}}',
    '<html>',
    'undefined',
    '\u0000',
    '[[[',
    '{"a":NaN}',
  ])('gives nothing for %j', (text) => {
    expect(parseTokenBody(text)).toBeUndefined()
  })

  it.each([
    '{"a":{"x":1},"b":{"x":2}}',
    '{"a":[{"x":1,"y":1},{"x":2}]}',
    String.raw`{"a":"\",\"a\":{","b":"}"}`,
    '{}',
    '[{"a":1}]',
    'null',
    '7',
  ])('takes the JSON %j', (text) => {
    expect(parseTokenBody(text)).toEqual(JSON.parse(text))
  })

  it('survives deep nesting', () => {
    const depth = 500_000
    expect(parseTokenBody('['.repeat(2 * depth))).toBeUndefined()
    expect(parseTokenBody(`{"a":${'['.repeat(depth)}`)).toBeUndefined()
    expect(parseTokenBody(`"${'\\\\'.repeat(depth)}"`)).toBe('\\'.repeat(depth))
  })

  it.each(['"', '\\"', '"\\', '{"', ':"', '[{'])(
    'reads a long run of %j that is not JSON in linear time',
    (part) => {
      expect(parseTokenBody(`{"${part.repeat(300_000)}`)).toBeUndefined()
      expect(parseTokenBody(`{${part.repeat(300_000)}\\`)).toBeUndefined()
    },
  )
})

describe('a member that occurs twice', () => {
  it.each([
    ['{"a":1,"a":1,"b":2}', { a: 1, b: 2 }],
    ['{"a":1,"a": 1.0}', { a: 1 }],
    [String.raw`{"a":"x","a":"\u0078"}`, { a: 'x' }],
    ['{"a":1,"a":2,"b":2}', { b: 2 }],
    ['{"a":1,"a":2,"a":1}', {}],
    [String.raw`{"access_token":"a","access_toke\u006e":"b"}`, {}],
    ['{"a":{"x":1},"b":[{}],"a" \n\t: 2}', { b: [{}] }],
    ['{"__proto__":1,"__proto__":2}', {}],
    ['{"":1,"":2}', {}],
    ['{"refresh_token":"a","refresh_token":"b"}', { refresh_token: 'b' }],
  ])('%j', (text, expected) => {
    expect(parseTokenBody(text)).toEqual(expected)
  })

  it('is removed exactly when its values differ, and of refresh tokens the last one is kept', () => {
    const blank = fc.constantFrom('', ' ', '\n', '\t \r')
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), blank, (entries, space) => {
        const values = new Map<string, Set<string>>()
        for (const [key, value] of entries)
          values.set(key, (values.get(key) ?? new Set()).add(JSON.stringify(value)))
        const kept = entries.filter(([key]) => key === 'refresh_token' || values.get(key)?.size === 1)
        expect(parseTokenBody(toJson(entries, space))).toEqual(JSON.parse(toJson(kept)))
      }),
    )
  })
})

describe('JSON that is cut off', () => {
  it('gives the refresh token exactly when it is complete', () => {
    const others = fc.dictionary(
      fc.string().filter((key) => key !== 'refresh_token'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(others, fc.string(), others, fc.nat(), (before, token, after, at) => {
        const head = toJson([...Object.entries(before), ['refresh_token', token]]).slice(0, -1)
        const tail = toJson(Object.entries(after)).replace(/^\{(?=.)/, ',')
        const text = (head + tail).slice(0, at % (head + tail).length)
        if (text.trim() === '') return
        expect(parseTokenBody(text)).toEqual(
          text.length >= head.length ? { refresh_token: token } : undefined,
        )
      }),
    )
  })

  it.each([
    '{"a":{"refresh_token":"rt"',
    String.raw`{"a":"\"refresh_token\":\"rt\""`,
    '{"refresh_token":7,"a"',
    '<p>{"refresh_token":"rt"}</p>',
    '[{"refresh_token":"rt"}',
  ])('gives nothing for %j', (text) => {
    expect(parseTokenBody(text)).toBeUndefined()
  })
})

describe('a form', () => {
  it.each([
    ['access_token=a%20b&scope=x+y', { access_token: 'a b', scope: 'x y' }],
    ['error=bad_refresh_token', { error: 'bad_refresh_token' }],
    ['access_token=a&access_token=a', { access_token: 'a' }],
    ['access_token=a&access_token=b&scope=x', { scope: 'x' }],
    ['refresh_token=a&refresh_token=b\n', { refresh_token: 'b' }],
  ])('%j', (text, expected) => {
    expect(parseTokenBody(text)).toEqual(expected)
  })

  it.each(['a', 'a b=c', '<a href="?a=b">', 'a=b c', 'Error: a=b', '=b'])('is not %j', (text) => {
    expect(parseTokenBody(text)).toBeUndefined()
  })

  it('gives back every member that was written', () => {
    const key = fc.stringMatching(/^[a-z_]+$/)
    fc.assert(
      fc.property(fc.dictionary(key, fc.string(), { minKeys: 1 }), (members) => {
        expect(parseTokenBody(String(new URLSearchParams(members)))).toEqual({ ...members })
      }),
    )
  })
})
