import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  exceedsGrant,
  narrowedKey,
  hasScopeOf,
  type TokenParameters,
  tokenKey,
  validateTokenParameters,
} from '../../src/model/token-parameters.ts'

const text = fc.oneof(fc.constantFrom('a', 'b', 'a,b', 'b,c', '"', '[]', '\\', '', '\ud800'), fc.string())
const word = fc.constantFrom<string[]>('a', 'b', 'c', 'openid', '["a"]')
const parts = fc.record({
  resources: fc.array(text, { maxLength: 4 }),
  scopes: fc.array(word, { maxLength: 4 }),
  parameters: fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 4 }),
})
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never

function request({ resources, scopes, parameters }: Parts): TokenParameters {
  return { resource: resources, scope: scopes.join(' '), parameters: Object.fromEntries(parameters) }
}

/** The meaning of a request, compared by deep equality instead of by a string. */
function meaning({ resources, scopes, parameters }: Parts): unknown {
  return [new Set(resources), new Set(scopes), new Map(parameters)]
}

describe('tokenKey', () => {
  it.each<TokenParameters>([{}, { resource: [] }, { scope: '' }, { scope: ' ' }, { parameters: {} }])(
    'S14: is empty for %j',
    (empty) => {
      expect(tokenKey(empty)).toBe('')
    },
  )

  it('S14: does not depend on order, repetition, or spelling one resource as a list', () => {
    const shuffled = parts.chain((original) =>
      fc.record({
        original: fc.constant(original),
        resources: shuffle(original.resources),
        scopes: shuffle(original.scopes),
        parameters: shuffle(original.parameters),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ original, resources, scopes, parameters }) => {
        const other = {
          resources: [...resources, ...resources],
          scopes: ['', ...scopes, '', ...scopes],
          parameters,
        }
        expect(tokenKey(request(other))).toBe(tokenKey(request(original)))
      }),
    )
    expect(tokenKey({ resource: 'https://a' })).toBe(tokenKey({ resource: ['https://a'] }))
  })

  it('S14: differs whenever the request does', () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = tokenKey(request(one)) === tokenKey(request(other))
        if (same) expect(meaning(one)).toEqual(meaning(other))
      }),
      { numRuns: 1_000 },
    )
    const keys = [
      { scope: 'a' },
      { scope: 'A' },
      { resource: 'a' },
      { resource: 'a/' },
      { audience: 'a' },
      { audience: 'b' },
      { parameters: { a: '' } },
      { parameters: { a: 'b' } },
      { parameters: { ab: '' } },
      { resource: ['a', 'b'] },
      { resource: 'a,b' },
      { resource: 'a', scope: 'b' },
      { resource: 'b', scope: 'a' },
      { parameters: { a: 'b', c: 'd' } },
      { parameters: { a: 'b,c', d: '' } },
    ].map(tokenKey)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

function shuffle<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length })
}

describe('validateTokenParameters', () => {
  const reserved =
    'grant_type refresh_token client_id client_secret client_assertion client_assertion_type scope resource'.split(
      ' ',
    )

  it.each<TokenParameters>([
    {},
    { resource: [] },
    { resource: 'https://api.example.com/orders?x=1' },
    { resource: ['urn:example:api', 'api://0b1c'] },
    { scope: 'openid' },
    { scope: 'openid read:orders https://api.example.com/.default !#[]~' },
    { parameters: { audience: 'x', __proto__x: 'y' } },
    { audience: 'billing api' },
  ])('S14: accepts %j', (good) => {
    expect(validateTokenParameters(good)).toBeUndefined()
  })

  it.each<[TokenParameters, string]>([
    [{ resource: '' }, 'resource'],
    [{ resource: '/orders' }, 'resource'],
    [{ resource: 'api.example.com' }, 'resource'],
    [{ resource: 'https://' }, 'resource'],
    [{ resource: 'https://api.example.com/#' }, 'resource'],
    [{ resource: ['https://api.example.com', 'https://api.example.com/#x'] }, 'resource'],
    [{ resource: ' https://api.example.com' }, 'resource'],
    [{ resource: 'https://api.example.com/é' }, 'resource'],
    [{ resource: 'https://api.example.com/\n' }, 'resource'],
    [{ audience: '' }, 'audience'],
    [{ audience: 7 as never }, 'audience'],
    [{ audience: 'x', parameters: { audience: 'y' } }, "'audience'"],
    [{ scope: '' }, 'scope'],
    [{ scope: ' a' }, 'scope'],
    [{ scope: 'a  b' }, 'scope'],
    [{ scope: 'a\tb' }, 'scope'],
    [{ scope: 'a"' }, 'scope'],
    [{ scope: 'a\\b' }, 'scope'],
    [{ scope: 'é' }, 'scope'],
    ...reserved.map((name): [TokenParameters, string] => [{ parameters: { [name]: 'x' } }, `'${name}'`]),
  ])('S14: refuses %j, naming %s', (bad, culprit) => {
    expect(validateTokenParameters(bad)).toContain(culprit)
  })

  it.each<[string, unknown[]]>([
    ['resource', [null, 7, true, {}, [7], [null], [['https://api.example.com']], Symbol('s'), () => 'x']],
    ['scope', [null, 1, true, {}, ['openid'], Symbol('s')]],
    ['parameters', [null, 1, 'a=b', [], ['a'], { a: 1 }, { a: null }, { a: undefined }, { a: ['b'] }]],
  ])('S14: refuses a %s of another type', (name, values) => {
    for (const value of values)
      expect(validateTokenParameters({ [name]: value })).toMatch(new RegExp(` ${name}$`))
  })

  it.each([[null], [1], ['openid'], [true], [[]]])('S14: refuses %j as a request', (odd) => {
    expect(validateTokenParameters(odd as unknown as TokenParameters)).toContain('object')
  })

  it('S14: judges whatever there is, and repeats nothing of it', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const name of ['resource', 'scope', 'parameters']) validateTokenParameters({ [name]: value })
      }),
    )
    for (const bad of [{ resource: 'canary' }, { scope: ' canary' }, { parameters: { canary: 7 } }])
      expect(validateTokenParameters(bad as TokenParameters)).not.toContain('canary')
  })

  it('S14: keeps to the scope grammar of RFC 6749 §3.3', () => {
    fc.assert(
      fc.property(fc.nat(0x17f), (code) => {
        const allowed = code === 0x21 || (code >= 0x23 && code <= 0x5b) || (code >= 0x5d && code <= 0x7e)
        const scope = String.fromCharCode(code)
        expect(validateTokenParameters({ scope }) === undefined).toBe(allowed)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('exceedsGrant', () => {
  it.each([
    ['a', 'a b', false],
    ['b a', 'a b', false],
    ['c', 'a b', true],
    ['gist', 'repo,gist', false],
    ['gist repo', 'repo, gist', false],
    ['user', 'repo,gist', true],
    ['chat:write,users:read', 'users:read chat:write', false],
    ['a', undefined, false],
    [undefined, 'a', false],
    ['https://api.example.com/x', 'a', false],
  ])('S2: %j of %j: %j', (scope, granted, expected) => {
    expect(exceedsGrant(scope, granted)).toBe(expected)
  })
})

describe('hasScopeOf', () => {
  it('S14: is true if, and only if, the rest is equal and the held token has all of the requested scope', () => {
    const small = fc.record({
      resource: fc.subarray(['https://a', 'https://b']),
      scopes: fc.subarray(['a', 'b', 'c']),
      audience: fc.constantFrom(undefined, 'x', 'y'),
    })
    const requestOf = ({
      resource,
      scopes,
      audience,
    }: typeof small extends fc.Arbitrary<infer T> ? T : never) => ({
      resource,
      scope: scopes.join(' '),
      ...(audience !== undefined && { audience }),
    })
    const granted = fc.option(fc.subarray(['a', 'b', 'c']), { nil: undefined })
    fc.assert(
      fc.property(small, small, granted, (wanted, held, scope) => {
        const had = scope ?? held.scopes
        const expected =
          wanted.scopes.length > 0 &&
          tokenKey({ ...requestOf(wanted), scope: '' }) === tokenKey({ ...requestOf(held), scope: '' }) &&
          wanted.scopes.every((each) => had.includes(each))
        const keys = [tokenKey(requestOf(wanted)), tokenKey(requestOf(held))] as const
        expect(hasScopeOf(...keys, scope?.join(' '))).toBe(expected)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('narrowedKey', () => {
  const granted = fc.array(word, { maxLength: 4 })

  it('S2: is the key of a request for the granted scope if, and only if, some of the requested scope is missing', () => {
    fc.assert(
      fc.property(parts, granted, (wanted, scopes) => {
        const key = narrowedKey(tokenKey(request(wanted)), scopes.join(' '))
        const isMissing = wanted.scopes.some((each) => !scopes.includes(each))
        const own = request({ ...wanted, scopes })
        // Without any scope, the key is still not that of the sign-in.
        const expected = tokenKey(own) || '\n'
        expect(key).toBe(isMissing ? expected : undefined)
      }),
    )
  })

  it('S2: a call that needs only what the token has finds it, and the original call does not', () => {
    fc.assert(
      fc.property(parts, granted, (wanted, scopes) => {
        const key = tokenKey(request(wanted))
        const heldKey = narrowedKey(key, scopes.join(' '))
        fc.pre(heldKey !== undefined)
        expect(hasScopeOf(key, heldKey, scopes.join(' '))).toBe(false)
        for (const scope of scopes)
          expect(hasScopeOf(tokenKey({ ...request(wanted), scope }), heldKey, scopes.join(' '))).toBe(true)
      }),
    )
  })

  it('S2: a scope that the server omits, reorders, separates by commas or names by a URI is not less', () => {
    const key = tokenKey({ scope: 'a b' })
    for (const scope of [undefined, 'b a', 'b,a', 'c b a', 'https://api.example.com/a'])
      expect(narrowedKey(key, scope)).toBeUndefined()
    expect(narrowedKey('', 'a')).toBeUndefined()
  })
})
