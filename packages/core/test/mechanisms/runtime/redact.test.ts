import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact, shownUrl, withUrl } from '../../../src/mechanisms/runtime/redact.ts'
import { CANARIES, canaryErrors, expectNoCanary } from '../canaries.ts'

describe('redact', () => {
  it('I5: repeats nothing that could be a credential', () => {
    for (const error of canaryErrors()) expectNoCanary(redact(error))
  })

  it('keeps the parts that distinguish failures', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(redact(new TypeError('fetch failed', { cause: refused }))).toEqual({
      name: 'TypeError',
      code: 'ECONNREFUSED',
    })
    expect(redact(new DOMException('x', 'TimeoutError'))).toMatchObject({ name: 'TimeoutError' })
    expect(
      redact({
        name: 'ResponseBodyError',
        error: 'invalid_client',
        status: 401,
        code: 'OAUTH_RESPONSE_BODY_ERROR',
      }),
    ).toEqual({
      name: 'ResponseBodyError',
      error: 'invalid_client',
      status: 401,
      code: 'OAUTH_RESPONSE_BODY_ERROR',
    })
    for (const code of [
      'ERR_HTTP2_STREAM_ERROR',
      'UND_ERR_CONNECT_TIMEOUT',
      '57P01',
      '08006',
      'E2BIG',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ]) {
      expect(redact({ code })).toEqual({ name: 'Error', code })
    }
  })

  it('takes its own code before that of the cause', () => {
    expect(redact({ name: 'A', code: 'OUTER', cause: { code: 'INNER' } })).toEqual({
      name: 'A',
      code: 'OUTER',
    })
    expect(redact({ name: 'A', code: 7, cause: { code: 'INNER' } })).toEqual({ name: 'A', code: 'INNER' })
  })

  it.each([
    ['text', 'string'],
    [undefined, 'undefined'],
    [null, 'object'],
    [7, 'number'],
    [Symbol('x'), 'symbol'],
  ])('names a thrown %s by its type', (thrown, name) => {
    expect(redact(thrown)).toEqual({ name })
  })

  it('is short, whatever was thrown', () => {
    const odd = fc.oneof(fc.string({ maxLength: 100 }), fc.constantFrom(...CANARIES), fc.anything())
    const thrown = fc.record(
      { name: odd, code: odd, error: odd, status: odd, cause: odd, message: odd },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(thrown, fc.anything()), (error) => {
        const { name, code = '', error: registered = '', status = 0, ...rest } = redact(error)
        expect(name).toMatch(/^(?:[A-Z][A-Za-z]{0,39}|[A-Z0-9_]{1,48}|[a-z]{1,9})$/)
        expect(code).toMatch(/^(?:[A-Z][A-Za-z]{0,39}|[A-Z0-9_]{0,48})$/)
        expect(registered).toMatch(/^[a-z_]*$/)
        expect(typeof status).toBe('number')
        expect(rest).toEqual({})
      }),
    )
  })

  it.each([
    ['https://user:canary@login.example.com/token?code=canary#canary', 'https://login.example.com/token'],
    ['https://login.example.com:8443/a/../b?canary', 'https://login.example.com:8443/b'],
    ['canary', 'an invalid URL'],
  ])('shows only the origin and the path of %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown)
    expect(redact(withUrl(new TypeError('fetch failed'), url))).toEqual({ name: 'TypeError', url: shown })
  })

  it('has no members without a value', () => {
    expect(Object.keys(redact(new TypeError('x')))).toEqual(['name'])
    expect(Object.keys(redact({ status: 500 }))).toEqual(['name', 'status'])
  })
})
