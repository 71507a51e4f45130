import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isAllowed,
  isLoopback,
  parsePrefix,
  parseUrl,
  resolvePlain,
} from '../../../src/rules/calls/allowed-urls.ts'

const ORIGIN = 'https://api.example.com'

function allows(prefix: string, url: string): boolean {
  const parsed = parsePrefix(prefix)
  if (typeof parsed === 'string') throw new Error(parsed)
  return isAllowed(new URL(url, ORIGIN), [parsed])
}

describe('parsePrefix', () => {
  it.each([
    ['https://api.example.com', { origin: ORIGIN, pathname: '/' }],
    ['HTTPS://API.example.com:443/a/../orders', { origin: ORIGIN, pathname: '/orders' }],
    ['http://localhost:3000/x/', { origin: 'http://localhost:3000', pathname: '/x/' }],
    ['http://127.1/', { origin: 'http://127.0.0.1', pathname: '/' }],
    ['http://[::1]:8080', { origin: 'http://[::1]:8080', pathname: '/' }],
    ['/orders', 'not_absolute'],
    ['api.example.com', 'not_absolute'],
    ['', 'not_absolute'],
    ['https://user@api.example.com', 'credentials'],
    ['https://:password@api.example.com', 'credentials'],
    ['http://api.example.com', 'insecure'],
    ['http://127.0.0.1.evil.com', 'insecure'],
    ['http://localhost.evil.com', 'insecure'],
    ['ftp://localhost', 'insecure'],
    ['blob:https://api.example.com/x', 'insecure'],
    ['javascript:alert(1)', 'insecure'],
    ['https://api.example.com/?', 'query'],
    ['https://api.example.com/?a=b', 'query'],
    ['https://api.example.com/#', 'query'],
  ])('S30: %j', (url, expected) => {
    expect(parsePrefix(url)).toEqual(expected)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl()), (url) => void parsePrefix(url)))
  })
})

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['[::1]', true],
  ['128.0.0.1', false],
  ['127.0.0.1.evil.com', false],
  ['localhost.evil.com', false],
  ['notlocalhost', false],
  ['[::2]', false],
  ['', false],
])('isLoopback(%j) is %j', (hostname, expected) => {
  expect(isLoopback(hostname)).toBe(expected)
})

describe('isAllowed', () => {
  it.each([
    [ORIGIN, '/', true],
    [ORIGIN, '/anything/%2e%2e%2fat%5call?q=..#..', true],
    [ORIGIN, 'https://api.example.com:443/', true],
    [ORIGIN, 'https://api.example.com:444/', false],
    [ORIGIN, 'http://api.example.com/', false],
    [ORIGIN, 'https://api.example.com.evil.com/', false],
    [ORIGIN, 'https://api.example.com@evil.com/', false],
    [ORIGIN, 'https://user@api.example.com/', false],
    [ORIGIN, 'https://:password@api.example.com/', false],
    [ORIGIN, 'blob:https://api.example.com/x', false],
    [`${ORIGIN}/orders`, '/orders', true],
    [`${ORIGIN}/orders`, '/orders?x=1', true],
    [`${ORIGIN}/orders`, '/orders/', true],
    [`${ORIGIN}/orders`, '/orders/1', true],
    [`${ORIGIN}/orders`, '/orders-admin', false],
    [`${ORIGIN}/orders`, '/orders%2f1', false],
    [`${ORIGIN}/orders`, '/Orders', false],
    [`${ORIGIN}/orders`, '/', false],
    [`${ORIGIN}/orders/`, '/orders/1', true],
    [`${ORIGIN}/orders/`, '/orders/', true],
    [`${ORIGIN}/orders/`, '/orders', false],
    [`${ORIGIN}/orders/`, '/orders-admin/1', false],
    [`${ORIGIN}/orders/`, '/orders/../admin', false],
    [`${ORIGIN}/orders/`, '/orders/%2e%2E/admin', false],
    [`${ORIGIN}/orders/`, '/orders/..%2fadmin', false],
    [`${ORIGIN}/orders/`, '/orders/..%5cadmin', false],
    [`${ORIGIN}/orders/`, '/orders/a%2f..%2f..%2fadmin', false],
    [`${ORIGIN}/orders/`, '/orders/a%5C%2e./admin', false],
    [`${ORIGIN}/orders/`, '/orders/%252e%252e%252fadmin', false],
    [`${ORIGIN}/orders/`, '/orders/%25252e%25252e/admin', false],
    [`${ORIGIN}/orders/`, '/orders/%2%65%2%65/admin', false],
    [`${ORIGIN}/orders/`, '/orders/%c0%ae%c0%ae/admin', false],
    [`${ORIGIN}/orders/`, '/orders/..%c0%afadmin', false],
    [`${ORIGIN}/orders/`, '/orders/..%c1%9cadmin', false],
    [`${ORIGIN}/orders/`, '/orders/%25c0%25ae%25c0%25ae/admin', false],
    [`${ORIGIN}/orders/`, '/orders/%e0%80%ae%e0%80%ae/admin', false],
    [`${ORIGIN}/orders/`, '/orders/%f0%80%80%ae./admin', false],
    [`${ORIGIN}/orders/`, '/orders/%uff0e%uff0e/admin', false],
    [`${ORIGIN}/orders/`, '/orders/%u002e%U002E/admin', false],
    [`${ORIGIN}/orders/`, '/orders/a%u2215..%u2215..%u2215admin', false],
    [`${ORIGIN}/orders/`, '/orders/a\u2044..\u2044..\u2044admin', false],
    [`${ORIGIN}/orders/`, '/orders/\uff0e\uff0e/admin', false],
    [`${ORIGIN}/orders/`, '/orders/%ef%bc%8e%ef%bc%8e%ef%bc%8fadmin', false],
    [`${ORIGIN}/orders/`, '/orders/%ef%bc%8e%ef%bc%8e%ef%bc%8f%ffadmin', false],
    [`${ORIGIN}/orders/`, '/orders/%25ef%25bc%258e./admin', false],
    [`${ORIGIN}/orders/`, '/orders/\u2025/admin', false],
    [`${ORIGIN}/orders/`, '/orders/..\uff3cadmin', false],
    [`${ORIGIN}/orders/`, '/orders/%2525252e%2525252e/admin', false],
    [`${ORIGIN}/orders/`, `/orders/%${'25'.repeat(6)}2e./admin`, false],
    [`${ORIGIN}/orders/`, `/orders/%${'25'.repeat(2000)}41`, false],
    [`${ORIGIN}/orders/`, '/orders/\u65e5\u672c\u8a9e/\u00e9t\u00e9\u2026', true],
    [`${ORIGIN}/orders/`, '/orders/gr%fc%dfe', true],
    [`${ORIGIN}/orders/`, '/orders/%F0%9F%98%80', true],
    [`${ORIGIN}/orders/`, '/orders/..;/admin', false],
    [`${ORIGIN}/orders/`, '/orders/..;x=y/admin', false],
    [`${ORIGIN}/orders/`, '/orders/..%3b/admin', false],
    [`${ORIGIN}/orders/`, '/orders/..%00/admin', false],
    [`${ORIGIN}/orders/`, '/orders/.%09.%2fadmin', false],
    [`${ORIGIN}/orders/`, '/orders/%2e%25%092e/admin', false],
    [`${ORIGIN}/orders/`, '/orders/..%3f', false],
    [`${ORIGIN}/orders/`, '/orders/group%2Fproject', true],
    [`${ORIGIN}/orders/`, '/orders/v1..v2', true],
    [`${ORIGIN}/orders/`, '/orders/...', true],
    [`${ORIGIN}/orders/`, '/orders/..well-known', true],
    [`${ORIGIN}/orders/`, '/orders/100%25', true],
    [`${ORIGIN}/orders/`, '/orders/%zz%', true],
  ])('S30: under %j, %j: %j', (prefix, url, expected) => {
    expect(allows(prefix, url)).toBe(expected)
  })

  it('S30: one of several is enough, none is not', () => {
    const prefixes = [
      { origin: 'https://other.example.com', pathname: '/' },
      { origin: ORIGIN, pathname: '/' },
    ]
    expect(isAllowed(new URL(ORIGIN), prefixes)).toBe(true)
    expect(isAllowed(new URL(ORIGIN), [])).toBe(false)
  })

  const units = '/ \\ . .. %2e %2E %2f %5c %252e %252f %255c %25 2e 2f %09 ; orders admin a ? #'
  const unit = fc.constantFrom(...units.split(' '))
  const path = fc.string({ unit, maxLength: 12 })

  it('S30: an allowed URL stays below the prefix after repeated decoding', () => {
    fc.assert(
      fc.property(fc.constantFrom('/orders', '/orders/', '/a/orders/'), path, (prefix, rest) => {
        const url = new URL(`${ORIGIN}${prefix}${rest}`)
        const root = prefix.replace(/\/$/, '')
        if (!isAllowed(url, [{ origin: ORIGIN, pathname: prefix }])) return
        for (const seen of decodings(url.pathname)) {
          const { origin, pathname } = new URL(ORIGIN + seen)
          expect([origin, pathname.startsWith(`${root}/`) || pathname === root]).toEqual([ORIGIN, true])
        }
      }),
      { numRuns: 5_000 },
    )
  })

  it('S30: a path without encodings or dots is allowed exactly from the prefix down', () => {
    const segments = fc.array(fc.constantFrom('orders', 'orders-admin', 'a', 'b'), { maxLength: 4 })
    fc.assert(
      fc.property(segments, segments, (prefix, wanted) => {
        const expected = prefix.every((segment, i) => wanted[i] === segment)
        expect(allows(`${ORIGIN}/${prefix.join('/')}`, `/${wanted.join('/')}`)).toBe(expected)
      }),
      { numRuns: 2_000 },
    )
  })
})

function decodings(pathname: string): string[] {
  const seen = [pathname]
  try {
    seen.push(decodeURIComponent(pathname))
    seen.push(decodeURIComponent(seen[1] ?? ''))
  } catch {
    // A strict server stops at a malformed encoding.
  }
  return seen
}

describe('resolvePlain', () => {
  const prefixesOf = (...urls: string[]) =>
    urls.map((url) => {
      const prefix = parsePrefix(url)
      if (typeof prefix === 'string') throw new Error(prefix)
      return prefix
    })

  it.each([
    ['https://api.example.com/orders/1', 'https://api.example.com/orders/1'],
    ['https://api.example.com/orders/v1.2/a-b_c~d?page=2&at=12:00,x%20y', true],
    ['recent', 'https://api.example.com/orders/recent'],
    [
      'recent?from=https://x.example/../y',
      'https://api.example.com/orders/recent?from=https://x.example/../y',
    ],
    ['/orders/recent/', 'https://api.example.com/orders/recent/'],
    ['https://files.example.com/', true],
    ['/admin', undefined],
    ['//files.example.com/x', undefined],
    ['https://api.example.com', undefined],
    ['https://api.example.com.evil.example/orders/1', undefined],
    ['https://api.example.com@evil.example/orders/1', undefined],
    ['https://api.example.com:8443/orders/1', undefined],
    ['https:recent', undefined],
    ['../orders/1', undefined],
    ['a/..', undefined],
    ['a/./b', undefined],
    ['a%2f..%2fb', undefined],
    ['a\\b', undefined],
    ['a\n', undefined],
    ['a#b', undefined],
    ['?page=2', undefined],
    ['', undefined],
  ])('%j: %j', (address, expected) => {
    const prefixes = prefixesOf('https://api.example.com/orders/', 'https://files.example.com')
    expect(resolvePlain(address, prefixes, prefixes[0])).toBe(expected === true ? address : expected)
  })

  it('resolves no relative address without a base', () => {
    expect(resolvePlain('recent', prefixesOf(ORIGIN), undefined)).toBe(undefined)
  })

  const textOf = (units: string) => fc.string({ unit: fc.constantFrom(...units.split(' ')), maxLength: 8 })
  const wild = textOf('/ // . .. %2e %2f \\ \t ; : @ ? # = & % é orders a https: https://api.example.com')
  const tame = fc
    .tuple(fc.constantFrom('', '/', '/orders/', `${ORIGIN}/orders/`), textOf('a / .b - ? = 12'))
    .map((parts) => parts.join(''))
  const address = fc.oneof(wild, tame)
  const base = fc.constantFrom(ORIGIN, `${ORIGIN}/orders`, `${ORIGIN}/orders/`, `${ORIGIN}/a%2e/b/`)

  it('S30: decides as the parser of URLs does, or leaves the decision to it', () => {
    let decided = 0
    fc.assert(
      fc.property(base, address, fc.boolean(), (from, text, isRelative) => {
        const prefixes = prefixesOf(from, 'https://files.example.com/x')
        const plain = resolvePlain(text, prefixes, isRelative ? prefixes[0] : undefined)
        if (plain === undefined) return
        decided++
        const url = parseUrl(text, isRelative ? from : undefined)
        expect([plain, url && isAllowed(url, prefixes)]).toEqual([url?.href, true])
      }),
      { numRuns: 5_000 },
    )
    expect(decided).toBeGreaterThan(100)
  })
})
