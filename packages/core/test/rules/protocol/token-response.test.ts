import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTokenBody } from '../../../src/rules/protocol/token-body.ts'
import { lifetimeSeconds, readTokenResponse } from '../../../src/rules/protocol/token-response.ts'

const SENT = { obtainedAt: 1_800_000_000 }
const UNKNOWN = { defaultTokenLifetimeSeconds: 300, tokenTypes: ['bot', 'User Access Token'] }
const YEAR = 31_536_000
const good = { access_token: 'at', token_type: 'Bearer', expires_in: 60 }

function read(members: object): ReturnType<typeof readTokenResponse> {
  return readTokenResponse({ ...good, ...members }, SENT, UNKNOWN)
}

describe('lifetimeSeconds', () => {
  it.each<[unknown, number | undefined]>([
    [undefined, undefined],
    [null, undefined],
    [0, undefined],
    [-0, undefined],
    [-1, undefined],
    [-1e12, undefined],
    [0.5, 1],
    [1, 1],
    [1.9, 1],
    [3600, 3600],
    ['3600', 3600],
    ['3600.9', 3600],
    ['0.5', 1],
    ['0', undefined],
    ['000', undefined],
    ['0.0', undefined],
    ['007', 7],
    ['1e3', undefined],
    ['0x10', undefined],
    ['-5', undefined],
    ['+5', undefined],
    ['5.', undefined],
    ['60 ', undefined],
    ['60\n', undefined],
    ['', undefined],
    ['٣٠٠', undefined],
    ['soon', undefined],
    ['Infinity', undefined],
    [1e12, YEAR],
    ['999999999999', YEAR],
    ['9'.repeat(16), YEAR],
    ['9'.repeat(400), YEAR],
    [Number.MAX_VALUE, YEAR],
    [Infinity, YEAR],
    [-Infinity, undefined],
    [YEAR, YEAR],
    [YEAR + 1, YEAR],
    [NaN, undefined],
    [[60], undefined],
    [{ valueOf: () => 60 }, undefined],
    [true, undefined],
  ])('expires_in %j', (expiresIn, expected) => {
    expect(lifetimeSeconds(expiresIn)).toBe(expected)
  })

  it('is unknown or a whole number from 1 to a year, whatever came: a token of no lifetime would cause a refresh at every call', () => {
    fc.assert(
      fc.property(fc.anything(), (expiresIn) => {
        const seconds = lifetimeSeconds(expiresIn)
        if (seconds === undefined) return
        expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= YEAR).toBe(true)
      }),
    )
  })

  it('reads a string of digits as the number, fractions included', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * YEAR }), fc.nat(999), (whole, fraction) => {
        const text = `${whole}.${String(fraction).padStart(3, '0')}`
        expect(lifetimeSeconds(text)).toBe(lifetimeSeconds(Number(text)))
      }),
    )
  })
})

describe('a token without a lifetime', () => {
  const lifetime = (members: object, isSignIn?: boolean) => {
    const body = { ...good, expires_in: undefined, ...members }
    const grant = readTokenResponse(body, SENT, { ...UNKNOWN, defaultTokenLifetimeSeconds: 900, isSignIn })
    return (grant?.accessToken?.expiresAt ?? 0) - SENT.obtainedAt
  }

  it('lasts as long as the profile of the server says', () => {
    expect(lifetime({})).toBe(900)
    expect(lifetime({ refresh_token: 'rt' }, true)).toBe(900)
    expect(lifetime({ expires_in: 0, refresh_token: 'rt' }, true)).toBe(900)
  })

  it('lasts longer than any session if the sign-in brought no refresh token', () => {
    expect(lifetime({}, true)).toBeGreaterThan(50 * YEAR)
    expect(lifetime({ expires_in: -1 }, true)).toBeGreaterThan(50 * YEAR)
  })

  it('a lifetime of the response has precedence', () => {
    expect(lifetime({ expires_in: 60 }, true)).toBe(60)
  })
})

describe('readTokenResponse', () => {
  it('reads a whole response, its lifetime counted from when the request was sent', () => {
    expect(read({ refresh_token: 'rt', scope: 'a b', id_token: 'jwt', extra: [1] })).toEqual({
      accessToken: { value: 'at', type: 'Bearer', ...SENT, expiresAt: SENT.obtainedAt + 60, scope: 'a b' },
      refreshToken: 'rt',
      scope: 'a b',
      idToken: 'jwt',
    })
  })

  it("keeps by how many seconds the server's clock is ahead of the writer's", () => {
    const grant = readTokenResponse(good, { ...SENT, ahead: -240.5 }, UNKNOWN)
    expect(grant?.accessToken).toEqual({
      value: 'at',
      type: 'Bearer',
      ...SENT,
      expiresAt: SENT.obtainedAt + 60,
      ahead: -240.5,
    })
  })

  it.each([undefined, null, true, 1, 'text', [], [good]])('gives nothing for %j', (body) => {
    expect(readTokenResponse(body, SENT, UNKNOWN)).toBeUndefined()
  })

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR', undefined, null, ''])(
    'S3: takes the token_type %j',
    (token_type) => {
      expect(read({ token_type })?.accessToken?.type).toBe('Bearer')
    },
  )

  it.each(['bot', 'BOT', 'user access token'])('S3: takes the configured token_type %j', (token_type) => {
    expect(read({ token_type })?.accessToken?.type).toBe('Bearer')
  })

  it.each([
    ['mac', '"mac"'],
    ['DPoP', '"DPoP"'],
    ['N_A', '"N_A"'],
    ['Bearer ', 'not printable'],
    ['bearers', '"bearers"'],
    ['a\nb', 'not printable'],
    ['x'.repeat(31), 'not printable'],
    [['Bearer'], 'not a string'],
    [{ type: 'Bearer' }, 'not a string'],
  ])(
    'S3: never uses a token of type %j, names it, and keeps the refresh token',
    (token_type, unknownType) => {
      expect(read({ token_type, refresh_token: 'rt' })).toEqual({ refreshToken: 'rt', unknownType })
    },
  )

  it.each([undefined, null, '', ' ', 'naïve', 'a b', 'a\r\nb', 7, ['at'], {}])(
    'S29: never uses the access token %j, and keeps the refresh token beside it',
    (access_token) => {
      expect(read({ access_token, refresh_token: 'rt' })).toEqual({ refreshToken: 'rt' })
    },
  )

  it.each([undefined, null, '', 0, 7, true, [], [7], {}])(
    'S1: a refresh token %j is none; scope and ID token alike',
    (odd) => {
      const { accessToken } = read({}) ?? {}
      expect(read({ refresh_token: odd, scope: odd, id_token: odd })).toEqual({ accessToken })
    },
  )

  it.each([
    ['a b', 'a b'],
    [' a  b\n', 'a b'],
    ['repo,gist', 'repo gist'],
    ['repo, gist', 'repo gist'],
    [['a', 'b'], 'a b'],
    [['a b', 7, 'c,d'], 'a b c d'],
    ['https://a.example/x,https://b.example/y', 'https://a.example/x https://b.example/y'],
    [',', undefined],
    [[], undefined],
    [[['a']], undefined],
    [{ 0: 'a' }, undefined],
  ])('S2: reads the scope %j', (scope, expected) => {
    expect(read({ scope })?.scope).toBe(expected)
    expect(read({ scope })?.accessToken?.scope).toBe(expected)
  })

  it('S2: reads the same values, however they are separated', () => {
    const values = fc.uniqueArray(fc.stringMatching(/^[!#-+\--[\]-~]+$/), { minLength: 1 })
    fc.assert(
      fc.property(values, fc.constantFrom(' ', ',', ', '), (list, separator) => {
        expect(read({ scope: list.join(separator) })?.scope).toBe(list.join(' '))
        expect(read({ scope: list })?.scope).toBe(list.join(' '))
      }),
    )
  })

  it('S15: reads no expiry out of the access token', () => {
    const jwt = `${btoa('{"alg":"none"}')}.${btoa('{"exp":1}').replaceAll('=', '')}.`
    expect(read({ access_token: jwt.replaceAll('=', '') })?.accessToken?.expiresAt).toBe(SENT.obtainedAt + 60)
  })

  it('S3: is not changed by members it does not know, and finds none on a prototype', () => {
    const names = fc
      .string()
      .filter((name) => !/^(access|refresh|id)_token$|^(token_type|scope|expires_in)$/.test(name))
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), (extra) => {
        expect(read(extra)).toEqual(read({}))
      }),
    )
    const inherited = parseTokenBody(
      '{"__proto__":{"access_token":"at","token_type":"Bearer","refresh_token":"rt"}}',
    )
    expect(readTokenResponse(inherited, SENT, UNKNOWN)).toEqual({})
  })

  it('gives only what can be used, whatever came', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom('Bearer', 'at', ''))
    const body = fc.record({
      access_token: odd,
      token_type: odd,
      refresh_token: odd,
      scope: odd,
      expires_in: odd,
    })
    fc.assert(
      fc.property(body, (members) => {
        const { accessToken, ...texts } = readTokenResponse(members, SENT, UNKNOWN) ?? {}
        for (const text of Object.values(texts)) expect(text).toMatch(/./su)
        if (accessToken) expect(accessToken.value).toMatch(/^[!-~]+$/)
      }),
    )
  })
})

describe('a response to a request with a proof', () => {
  const readBound = (members: object, tokenTypes: readonly string[] = []) =>
    readTokenResponse({ ...good, ...members }, SENT, { ...UNKNOWN, tokenTypes, isBound: true })

  it('S18: has a token only if its type is DPoP, and keeps the refresh token in any case', () => {
    const type = fc.oneof(fc.constantFrom('Bearer', 'DPoP', 'dpop', '', null, 1, 'DPoP '), fc.string())
    fc.assert(
      fc.property(type, (tokenType) => {
        const grant = readBound({ token_type: tokenType, refresh_token: 'rt' }, ['Bearer', String(tokenType)])
        const isBound = String(tokenType).toLowerCase() === 'dpop'
        expect(grant?.accessToken?.type).toBe(isBound ? 'DPoP' : undefined)
        expect(grant?.refreshToken).toBe('rt')
      }),
    )
    expect(readBound({ token_type: undefined })?.accessToken).toBeUndefined()
  })

  it('S18: can have another token than an access token, which is not bound, if it is expected', () => {
    for (const allowsOther of [true, false])
      for (const [token_type, bound] of [
        ['DPoP', 'DPoP'],
        ['N_A', allowsOther ? 'Bearer' : undefined],
        ['Bearer', undefined],
      ]) {
        const rules = { ...UNKNOWN, tokenTypes: ['N_A'], isBound: true, allowsOther }
        const grant = readTokenResponse({ ...good, token_type }, SENT, rules)
        expect(grant?.accessToken?.type).toBe(bound)
      }
  })

  it('S18: is needed for the type DPoP, even if the options list it', () => {
    const grant = readTokenResponse({ ...good, token_type: 'DPoP' }, SENT, {
      ...UNKNOWN,
      tokenTypes: ['DPoP'],
    })
    expect(grant?.accessToken).toBeUndefined()
  })
})
