import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePrefix } from '../../../src/rules/calls/allowed-urls.ts'
import {
  byPrecision,
  findTarget,
  parseProxyTarget,
  type ProxyTarget,
  toProxyPath,
  toTargetUrl,
} from '../../../src/rules/calls/proxy-target.ts'

const APP = 'https://app.example.com'
const API = 'https://api.internal'

function route(pattern: string, target: string): ProxyTarget {
  const prefix = parsePrefix(target)
  const parsed = typeof prefix === 'string' ? undefined : parseProxyTarget(pattern, prefix)
  if (!parsed) throw new Error(`${pattern} -> ${target}`)
  return parsed
}

const orders = route('/api/orders/*', `${API}/v1/`)
const me = route('/api/me', `${API}/users/me`)
const all = route('/*', API)

function toTarget(path: string, from: ProxyTarget): string | undefined {
  return toTargetUrl(new URL(path, APP), from)?.href
}

describe('patterns', () => {
  it.each(['/', '/*', '/a', '/a/', '/a/*', '/a/b.c/d-e_f~g', '/a/b/*'])('%j is one', (pattern) => {
    expect(parseProxyTarget(pattern, { origin: API, pathname: '/' })).toBeDefined()
  })

  it.each([
    '',
    'a',
    '*',
    '/**',
    '/*/a',
    '/a*',
    '//a',
    '/a//b',
    '/a//*',
    '/a/../b',
    '/./a',
    '/a/./*',
    '/a/..',
    '/a?b',
    '/a#b',
    '/a%2fb',
    '/a b',
    '/ä',
    '\\a',
    '/a\\b',
    'https://a/',
    '/:id',
    '/a\n',
  ])('%j is none', (pattern) => {
    expect(parseProxyTarget(pattern, { origin: API, pathname: '/' })).toBeUndefined()
  })

  it('the most precise one matches, at any position', () => {
    const routes = ['/*', '/api/*', '/api/orders/*', '/api/orders', '/api/orders/new/*'].map((pattern) =>
      route(pattern, API),
    )
    const found = (path: string) => {
      const target = findTarget(path, routes.toSorted(byPrecision))
      return target && `${target.path}${target.isTree ? '/*' : ''}`
    }
    expect(found('/')).toBe('/*')
    expect(found('/apis')).toBe('/*')
    expect(found('/api')).toBe('/api/*')
    expect(found('/api/orders')).toBe('/api/orders')
    expect(found('/api/orders/')).toBe('/api/orders/*')
    expect(found('/api/orders/newer')).toBe('/api/orders/*')
    expect(found('/api/orders/new/1')).toBe('/api/orders/new/*')
  })

  it('no route matches outside its path', () => {
    for (const path of ['/api/orders-admin', '/api/order', '/', '/api/me/', '/api/me/x', '/API/me']) {
      expect(findTarget(path, [orders, me])).toBeUndefined()
    }
  })
})

describe('toTargetUrl', () => {
  it.each<[string, ProxyTarget, string | undefined]>([
    ['/api/orders/7?a=1&b=%2F..', orders, `${API}/v1/7?a=1&b=%2F..`],
    ['/api/orders', orders, `${API}/v1`],
    ['/api/orders/', orders, `${API}/v1/`],
    ['/api/orders/group%2Fproject', orders, `${API}/v1/group%2Fproject`],
    ['/api/orders/a..b/...', orders, `${API}/v1/a..b/...`],
    ['/api/orders/@evil.example/', orders, `${API}/v1/@evil.example/`],
    ['/api/orders/https://evil.example/', orders, `${API}/v1/https://evil.example/`],
    ['/api/orders//evil.example/', orders, `${API}/v1//evil.example/`],
    ['/api/me?x', me, `${API}/users/me?x`],
    ['/', all, `${API}/`],
    ['/x@evil.example', all, `${API}/x@evil.example`],
    ['/api/orders/..%2fadmin', orders, undefined],
    ['/api/orders/..%5cadmin', orders, undefined],
    ['/api/orders/%2e%2e%2fadmin', orders, undefined],
    ['/api/orders/%252e%252e%252fadmin', orders, undefined],
    ['/api/orders/%25252e%25252e%25252fadmin', orders, undefined],
    ['/api/orders/x%2f..%2f..%2fadmin', orders, undefined],
    ['/api/orders/%2525252e%2525252e%2525252fadmin', orders, undefined],
    ['/api/orders/%c0%ae%c0%ae/admin', orders, undefined],
    ['/api/orders/%uff0e%uff0e%u2215admin', orders, undefined],
    ['/api/orders/\uff0e\uff0e\uff0fadmin', orders, undefined],
    ['/api/orders/\u65e5\u672c', orders, `${API}/v1/%E6%97%A5%E6%9C%AC`],
    ['/%c0%afevil.example/', all, undefined],
    ['/%uff0fevil.example/', all, undefined],
    ['/\uff0fevil.example/', all, undefined],
    ['/%2525252fevil.example/', all, undefined],
    ['/api/orders/..;/admin', orders, undefined],
    ['/api/orders/..%00/admin', orders, undefined],
    ['/..%2fadmin', all, undefined],
    ['/.//evil.example/', all, undefined],
    ['/%2fevil.example/', all, undefined],
    ['/%5cevil.example/', all, undefined],
    ['/%2Fevil.example/', all, undefined],
    ['/%252fevil.example/', all, undefined],
    ['/%09/evil.example/', all, undefined],
  ])('S30: %s', (path, from, expected) => {
    expect(toTarget(path, from)).toBe(expected)
  })

  it('S30: no host gets into a root target by a path that starts like one', () => {
    const url = Object.assign(new URL(APP), { pathname: '//evil.example/' })
    expect(toTargetUrl(url, all)).toBeUndefined()
    expect(toTargetUrl(Object.assign(new URL(APP), { pathname: '/\\evil.example/' }), all)).toBeUndefined()
  })

  const units = '/ \\ . .. %2e %2F %5c %252e %252f %25 %09 ; @ : // evil.example v1 admin'.split(' ')
  const path = fc.string({ unit: fc.constantFrom(...units), maxLength: 12 })

  it('S21: for any path, the URL is below the target, also after decoding', () => {
    fc.assert(
      fc.property(path, fc.constantFrom(orders, all), (rest, from) => {
        const url = new URL(`${APP}${from.path}/${rest}`)
        if (findTarget(url.pathname, [from]) === undefined) return
        const target = toTargetUrl(url, from)
        if (!target) return
        for (const seen of decodings(target.pathname)) {
          const read = new URL(seen, API)
          expect(read.origin).toBe(API)
          expect(`${read.pathname}/`.startsWith(`${from.target.pathname}/`)).toBe(true)
        }
        expect(target.username + target.password).toBe('')
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('toProxyPath', () => {
  const from = new URL(`${API}/v1/7`)

  it.each<[string, ProxyTarget, string | undefined]>([
    ['/v1/8?a#b', orders, '/api/orders/8?a#b'],
    [`${API}/v1/8`, orders, '/api/orders/8'],
    ['8', orders, '/api/orders/8'],
    ['', orders, '/api/orders/7'],
    ['/v1', orders, '/api/orders'],
    ['/v1/', orders, '/api/orders/'],
    ['/v2/8', orders, undefined],
    ['/v10', orders, undefined],
    ['..', orders, undefined],
    ['..%2f..%2fadmin', orders, undefined],
    ['//evil.example/v1/8', orders, undefined],
    ['/\\evil.example/v1/', orders, undefined],
    ['http://api.internal/v1/8', orders, undefined],
    ['https://api.internal:8443/v1/8', orders, undefined],
    ['https://user:pass@api.internal/v1/8', orders, undefined],
    ['https://api.internal.evil.example/v1/8', orders, undefined],
    ['javascript:alert(1)', orders, undefined],
    ['https://[', orders, undefined],
    ['/users/me', me, '/api/me'],
    ['/users/me/', me, undefined],
    ['/users/me/x', me, undefined],
    ['/', all, '/'],
    ['/v1', route('/*', `${API}/v1/`), '/'],
    ['/.//evil.example', all, undefined],
    [`${API}//evil.example`, all, undefined],
    [`${API}/%2fevil.example`, all, undefined],
  ])('S24: %s', (location, target, expected) => {
    expect(toProxyPath(location, from, target)).toBe(expected)
  })

  it('S24: returns to its origin, or is refused', () => {
    const units = '/ \\ . .. %2e %2f // @ : ? # v1 evil.example https: api.internal'.split(' ')
    const location = fc.oneof(fc.string({ unit: fc.constantFrom(...units), maxLength: 8 }), fc.string())
    fc.assert(
      fc.property(location, fc.constantFrom(orders, all), (text, target) => {
        const path = toProxyPath(text, from, target)
        if (path === undefined) return
        const inBrowser = new URL(path, `${APP}/api/orders/7`)
        expect(inBrowser.origin).toBe(APP)
        const [back, wanted] = [toTargetUrl(inBrowser, target), new URL(text, from)]
        expect(back && back.pathname + back.search).toBe(wanted.pathname + wanted.search)
      }),
      { numRuns: 5_000 },
    )
  })
})

function decodings(pathname: string): string[] {
  const seen = [pathname]
  try {
    for (let i = 0; i < 3; i++) seen.push(decodeURIComponent(seen.at(-1) ?? ''))
  } catch {
    // A strict server stops at a malformed encoding.
  }
  return seen
}
