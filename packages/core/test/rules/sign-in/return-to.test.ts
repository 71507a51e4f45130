import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeReturnTo, withError } from '../../../src/rules/sign-in/return-to.ts'
import { hostileReturnTo } from '../hostile-return-to.ts'

const origins = [
  'https://app.example.com',
  'http://localhost:3000',
  'http://app.example.com',
  'https://app.example.com:8443',
  'http://[::1]:3000',
]

function expectLocal(output: string, origin: string): void {
  expect(new URL(output, origin).origin).toBe(origin)
  expect(output).toMatch(/^\/(?![/\\])[\x21-\x7e]{0,511}$/)
  expect(safeReturnTo(output, origin)).toBe(output)
}

describe.each(origins)('on %s', (origin) => {
  it.each(hostileReturnTo.map((value) => [value.length > 80 ? `${value.slice(0, 80)}…` : value, value]))(
    'S24: %j stays here',
    (_, value) => {
      expectLocal(safeReturnTo(value, origin), origin)
    },
  )

  it.each([
    '/',
    '/orders',
    '/orders/',
    '/orders?page=2#top',
    '/a%20b',
    '/a//b',
    '/?next=//x',
    '/#/route',
    '/@me',
    '/a:b',
  ])('S24: %j is kept as it is, from the absolute URL too', (path) => {
    expect(safeReturnTo(path, origin)).toBe(path)
    expect(safeReturnTo(origin + path, origin)).toBe(path)
  })

  it('S24: all input stays here, and is stable', () => {
    fc.assert(
      fc.property(fc.oneof(anything, mutations), (value) => {
        expectLocal(safeReturnTo(value, origin), origin)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each(['/app/', '/a.b/c~d/'])('S24: all input stays below %s, and is stable', (home) => {
    const below = fc.tuple(fc.constantFrom(home, home.slice(0, -1)), fc.oneof(anything, mutations))
    const value = fc.oneof(
      anything,
      mutations,
      below.map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(value, (given) => {
        const output = safeReturnTo(given, origin, home)
        const { origin: to, pathname } = new URL(output, origin)
        expect(to).toBe(origin)
        expect(`${pathname}/`.startsWith(home)).toBe(true)
        expect(safeReturnTo(output, origin, home)).toBe(output)
      }),
      { numRuns: 1_000 },
    )
  })

  it('keeps a path below the home, and the error of a silent sign-in', () => {
    for (const path of ['/app', '/app/', '/app/orders?page=2#top', '/app?a=1'])
      expect(safeReturnTo(path, origin, '/app/')).toBe(path)
    for (const path of ['/', '/other', '/application', '/app/../other', '/APP/'])
      expect(safeReturnTo(path, origin, '/app/')).toBe('/app/')
    expect(withError('/app/silent', 'login_required', origin, '/app/')).toBe(
      '/app/silent?error=login_required',
    )
    expect(withError('/other', 'login_required', origin, '/app/')).toBe('/app/?error=login_required')
  })
})

const hostile = fc.constantFrom(...hostileReturnTo.filter((value) => value.length < 100))
const units = '/ \\ . .. \t \n \0 @ : %2f %5c %2e ? # a evil.com https: \uff0f \uff0e'
const unit = fc.constantFrom(' ', ...units.split(' '))
const anything = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit }),
  fc.string({ unit }).map((text) => `/${text}`),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
)
const mutations = fc
  .tuple(hostile, fc.nat(100), fc.nat(3), unit, hostile)
  .map(
    ([value, at, removed, inserted, other]) =>
      value.slice(0, at) + inserted + value.slice(at + removed) + other,
  )

describe('safeReturnTo', () => {
  it.each([null, undefined, ''])('leads home from %j', (value) => {
    expect(safeReturnTo(value, 'https://app.example.com')).toBe('/')
  })

  it('S24: 512 characters are the limit, counted as they are sent', () => {
    const path = `/${'a'.repeat(511)}`
    expect(safeReturnTo(path, 'https://app.example.com')).toBe(path)
    expect(safeReturnTo(`${path}a`, 'https://app.example.com')).toBe('/')
    expect(safeReturnTo(`/${'é'.repeat(90)}`, 'https://app.example.com')).toBe('/')
  })

  it('leads home when the origin is none', () => {
    expect(safeReturnTo('/orders', 'null')).toBe('/')
    expect(safeReturnTo('/orders', 'https://app.example.com/')).toBe('/')
  })
})
