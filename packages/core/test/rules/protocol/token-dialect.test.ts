import { array, assert, constantFrom, jsonValue, pre, property, string, stringMatching } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withBearerType, writeScope } from '../../../src/rules/protocol/token-dialect.ts'

describe('withBearerType', () => {
  it('reads the other names of Bearer', () => {
    const body = { access_token: 'token', token_type: 'bot' }
    expect(withBearerType(body, { tokenTypes: ['bot', 'user'] })).toEqual({ ...body, token_type: 'Bearer' })
  })

  it('changes nothing else', () => {
    assert(
      property(jsonValue(), array(string()), (body, tokenTypes) => {
        const type = Object(body).token_type
        pre(!tokenTypes.includes(type))
        expect(withBearerType(body, { tokenTypes })).toBe(body)
      }),
    )
    const dpop = { token_type: 'DPoP' }
    expect(withBearerType(dpop, { tokenTypes: ['bot'] })).toBe(dpop)
  })
})

describe('writeScope', () => {
  it('separates scopes as the server does, and keeps their order', () => {
    const scope = stringMatching(/^[a-z:.]{1,8}$/)
    assert(
      property(array(scope, { minLength: 1 }), constantFrom(' ', ','), (scopes, scopeSeparator) => {
        expect(writeScope(scopes.join(' '), { scopeSeparator }).split(scopeSeparator)).toEqual(scopes)
      }),
    )
  })
})
