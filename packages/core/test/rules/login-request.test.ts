import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoginParameter, readLoginRequest } from '../../src/rules/login-request.ts'

const configured = new URLSearchParams({ scope: 'openid profile', prompt: 'consent', audience: 'api' })

function read(query: string | Record<string, string>, further: readonly string[] = []) {
  return readLoginRequest(new URLSearchParams(query), configured, further)
}

function parametersOf(query: string | Record<string, string>, further?: readonly string[]) {
  const request = read(query, further)
  if (typeof request === 'string') throw new Error(`refused ${request}`)
  return Object.fromEntries(request.parameters)
}

describe('readLoginRequest', () => {
  it('asks for what is configured', () => {
    expect(parametersOf('')).toEqual({ scope: 'openid profile', prompt: 'consent', audience: 'api' })
    expect(read('')).toMatchObject({ silent: false })
    expect(read('')).not.toHaveProperty('maxAge')
  })

  it('puts the query in the place of what is configured, and adds to the scope', () => {
    const query = {
      prompt: 'login select_account',
      login_hint: 'ann+1@exämple.com',
      acr_values: 'urn:mfa phr',
      max_age: '0',
      ui_locales: 'de-CH fr',
      scope: 'payments profile',
    }
    expect(parametersOf(query)).toEqual({ ...query, audience: 'api', scope: 'openid profile payments' })
    expect(read(query)).toMatchObject({ maxAge: 0 })
  })

  it('leaves the configuration as it was', () => {
    read({ scope: 'more', prompt: 'none' })
    expect(configured.get('scope')).toBe('openid profile')
  })

  it('knows a silent one', () => {
    expect(read({ prompt: 'none' })).toMatchObject({ silent: true })
  })

  it('takes a maximum age from the configuration as well', () => {
    const request = readLoginRequest(new URLSearchParams(), new URLSearchParams({ max_age: '60' }), [])
    expect(request).toMatchObject({ maxAge: 60 })
  })

  it('passes further parameters on only when they are allowed, and ignores empty ones', () => {
    expect(parametersOf('kc_idp_hint=x&prompt=&audience=evil&redirect_uri=evil&state=1')).toEqual(
      Object.fromEntries(configured),
    )
    expect(parametersOf('kc_idp_hint=x', ['kc_idp_hint'])).toMatchObject({ kc_idp_hint: 'x' })
  })

  it.each([
    ['prompt', ['none login', 'Login', 'login  consent', 'x', 'login\nconsent']],
    ['login_hint', ['a\nb', 'a\r\nSet-Cookie: x', '\u0000', 'x'.repeat(513), '\u009f']],
    ['acr_values', ['a  b', ' a', 'a"b', 'ä', 'x'.repeat(513)]],
    ['max_age', ['-1', '1.5', '1e3', ' 1', '123456789', 'x', '0x1']],
    ['ui_locales', ['de,fr', 'de  fr', 'ä', '<', 'x'.repeat(513)]],
    ['scope', ['a  b', 'a"b', 'a\\b', 'ä', ' a', 'x'.repeat(513)]],
    ['kc_idp_hint', ['\n', 'x'.repeat(513)]],
  ])('names %s when it is refused', (name, values) => {
    for (const value of values) expect(read({ [name]: value }, ['kc_idp_hint'])).toBe(name)
    expect(read(`${name}=1&${name}=1`, ['kc_idp_hint'])).toBe(name)
  })

  it('never throws, and passes on nothing that is not allowed', () => {
    const names = fc.constantFrom(
      'prompt',
      'max_age',
      'scope',
      'state',
      'request',
      '__proto__',
      'constructor',
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(names, fc.string())), (pairs) => {
        const request = readLoginRequest(new URLSearchParams(pairs), configured, [])
        if (typeof request === 'string') return
        for (const name of ['state', 'request', '__proto__', 'constructor'])
          expect(request.parameters.has(name)).toBe(false)
      }),
    )
    expect(isLoginParameter('__proto__', 'x')).toBe(false)
    expect(isLoginParameter('toString', 'x')).toBe(false)
  })
})
