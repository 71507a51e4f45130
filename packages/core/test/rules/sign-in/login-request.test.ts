import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createLoginRequest,
  isLoginParameter,
  readLoginRequest,
} from '../../../src/rules/sign-in/login-request.ts'

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
  it('requests the configured values', () => {
    expect(parametersOf('')).toEqual({ scope: 'openid profile', prompt: 'consent', audience: 'api' })
    expect(read('')).toMatchObject({ silent: false })
    expect(read('')).not.toHaveProperty('maxAge')
  })

  it('adds the query to the configured values', () => {
    const query = {
      prompt: 'login select_account',
      login_hint: 'ann+1@exämple.com',
      acr_values: 'urn:mfa phr',
      max_age: '0',
      ui_locales: 'de-CH fr',
      scope: 'payments profile',
    }
    expect(parametersOf(query, ['scope'])).toEqual({
      ...query,
      audience: 'api',
      prompt: 'consent login select_account',
      scope: 'openid profile payments',
    })
    expect(read(query, ['scope'])).toMatchObject({ maxAge: 0, acrValues: 'urn:mfa phr' })
  })

  it('S35: a link adds scope only if that is allowed', () => {
    expect(read({ scope: 'payments' })).toBe('scope')
    expect(read({ scope: 'payments' }, ['kc_idp_hint'])).toBe('scope')
    expect(parametersOf({ scope: 'profile' })).toMatchObject({ scope: 'openid profile' })
    expect(parametersOf({ scope: 'payments' }, ['scope'])).toMatchObject({ scope: 'openid profile payments' })
  })

  it.each([
    ['prompt', 'login', 'none', 'login'],
    ['prompt', 'login', 'consent', 'login consent'],
    ['prompt', 'login', 'login', 'login'],
    ['prompt', 'login consent', 'none', 'login consent'],
    ['prompt', 'none', 'login', 'login'],
    ['prompt', 'none', 'none', 'none'],
    ['acr_values', 'phr', 'pwd', 'phr'],
    ['acr_values', 'phr phrh', 'pwd', 'phr phrh'],
    ['max_age', '60', '3600', '60'],
    ['max_age', '60', '0', '0'],
  ])('S35: a link cannot weaken %s: %s and %s make %s', (name, own, wanted, result) => {
    const request = readLoginRequest(
      new URLSearchParams({ [name]: wanted }),
      new URLSearchParams({ [name]: own }),
      [],
    )
    if (typeof request === 'string') throw new Error(`refused ${request}`)
    expect(request.parameters.getAll(name)).toEqual([result])
    expect(request.silent).toBe(name === 'prompt' && result === 'none')
  })

  it('leaves the configuration unchanged', () => {
    read({ scope: 'more', prompt: 'none' }, ['scope'])
    expect(configured.get('scope')).toBe('openid profile')
  })

  it('knows a silent one', () => {
    const request = readLoginRequest(new URLSearchParams({ prompt: 'none' }), new URLSearchParams(), [])
    expect(request).toMatchObject({ silent: true })
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

describe('createLoginRequest', () => {
  it('asks for what is configured', () => {
    expect(createLoginRequest({}, configured)).toEqual(read(''))
  })

  it('replaces what is configured, and only adds scope', () => {
    const { parameters, silent, maxAge, acrValues } = createLoginRequest(
      { scope: 'payments', prompt: 'none', maxAge: 0, acrValues: 'phr', parameters: { audience: 'other' } },
      configured,
    )
    expect(Object.fromEntries(parameters)).toEqual({
      scope: 'openid profile payments',
      prompt: 'none',
      audience: 'other',
      max_age: '0',
      acr_values: 'phr',
    })
    expect({ silent, maxAge, acrValues }).toEqual({ silent: true, maxAge: 0, acrValues: 'phr' })
  })

  it('keeps every configured scope, and changes no configured parameter in place', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/)
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.webUrl(), (scopes, resource) => {
        const before = String(configured)
        const { parameters } = createLoginRequest({ scope: scopes.join(' '), resource }, configured)
        const granted = parameters.get('scope')?.split(' ')
        expect(granted).toEqual(expect.arrayContaining(['openid', 'profile', ...scopes]))
        expect(parameters.getAll('resource')).toEqual([resource])
        expect(String(configured)).toBe(before)
      }),
    )
  })
})

describe('S35: the claims of a link', () => {
  const link = (claims: string, options: Record<string, string> = {}) =>
    readLoginRequest(new URLSearchParams({ claims }), new URLSearchParams(options), [])
  const claimsOf = (request: ReturnType<typeof link>) =>
    typeof request === 'string' ? request : (request.parameters.get('claims') ?? '')

  it('are added to the configured ones, which a link cannot change', () => {
    const wanted = '{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":null}}'
    expect(claimsOf(link(wanted))).toBe(wanted)
    const own = '{"access_token":{"xms_cc":{"values":["cp1"]}},"id_token":{"email":null}}'
    expect(JSON.parse(claimsOf(link(wanted, { claims: own })))).toEqual({
      access_token: { nbf: { essential: true, value: '1' }, xms_cc: { values: ['cp1'] } },
      id_token: { email: null },
    })
  })

  it.each([
    '{}',
    '[]',
    '{',
    '1',
    '{"id_token":{"email":null}}',
    '{"access_token":"x"}',
    '{"access_token":{"a":"\u0000"}}',
  ])('are refused if they are not claims of an access token: %j', (claims) => {
    expect(link(claims)).toBe('claims')
  })

  it('are refused or passed on whole, whatever the link contains', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.json(), (claims, own) => {
        fc.pre(claims !== '')
        const result = claimsOf(link(claims, { claims: own }))
        if (result !== 'claims') expect(Object.keys(Object(JSON.parse(result)))).toContain('access_token')
      }),
    )
  })
})
