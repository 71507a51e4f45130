import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { forwardedHeaders } from '../../src/rules/forwarded-headers.ts'
import { headersForApi, headersForBrowser } from '../../src/rules/proxy-headers.ts'

const CANARY = 'canary'
const words = (text: string) => text.trim().split(/\s+/)
const hopByHop = words(`
  connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer
  transfer-encoding upgrade proxy-authentication-info
`)
const notForTheApi = [
  ...hopByHop,
  ...words(`
    authorization cookie cookie2 dpop host expect accept-encoding origin referer sec-fetch-site
    sec-fetch-mode x-evertoken via forwarded x-forwarded-for x-forwarded-host x-forwarded-proto
    x-forwarded-prefix x-forwarded-user x-original-url x-rewrite-url x-real-ip x-client-ip x_forwarded_for x_real_ip
    true-client-ip cf-connecting-ip
  `),
]
const notForTheBrowser = [
  ...hopByHop,
  ...words(`
    set-cookie set-cookie2 clear-site-data strict-transport-security alt-svc refresh nel report-to
    access-control-allow-origin access-control-allow-credentials access-control-expose-headers
    x-accel-redirect x-sendfile forwarded x-forwarded-for x-evertoken
  `),
]
const forBoth = words(`
  accept content-type etag if-none-match range user-agent traceparent link www-authenticate
  retry-after x-request-id x-forward cookies hosted tea
`)

const casing = fc.func(fc.boolean()).map(
  (isUpper) => (name: string) =>
    name
      .split('')
      .map((letter, i) => (isUpper(i) ? letter.toUpperCase() : letter))
      .join(''),
)
const some = (names: readonly string[]) => fc.subarray([...names])

it.each([
  ['S21: nothing that is not for the API', notForTheApi, (headers: Headers) => headersForApi(headers, true)],
  [
    'nothing that is not for the browser',
    notForTheBrowser,
    (headers: Headers) => headersForBrowser(headers, false),
  ],
])('%s passes, in whatever case; all else does', (_what, unwanted, pass) => {
  fc.assert(
    fc.property(some(unwanted), some(forBoth), casing, (bad, good, withCase) => {
      const headers = new Headers()
      for (const name of bad) headers.append(withCase(name), `${CANARY}-${name}`)
      for (const name of good) headers.append(withCase(name), `good-${name}`)
      const passed = pass(headers)
      expect([...passed.values()].filter((value) => value.includes(CANARY))).toEqual([])
      for (const name of good) expect(passed.get(name)).toBe(`good-${name}`)
    }),
  )
})

it('RFC 9110 §7.6.1: what Connection names ends with the connection', () => {
  const named = fc.uniqueArray(fc.constantFrom(...forBoth), { minLength: 1 })
  const separator = fc.constantFrom(',', ', ', ' ,\t', ',,')
  fc.assert(
    fc.property(named, separator, casing, (names, between, withCase) => {
      const headers = new Headers(names.map((name): [string, string] => [name, CANARY]))
      headers.set('x-stays', 'yes')
      headers.set('connection', ['close', ...names].map(withCase).join(between))
      for (const passed of [headersForApi(headers, true), headersForBrowser(headers, false)]) {
        expect([...passed]).toEqual([['x-stays', 'yes']])
      }
    }),
  )
})

it('keeps the length of a body where there is one', () => {
  const headers = new Headers({ 'content-length': '5' })
  expect(headersForApi(headers, true).get('content-length')).toBe('5')
  expect(headersForApi(headers, false).has('content-length')).toBe(false)
  expect(headersForBrowser(headers, false).get('content-length')).toBe('5')
})

it('says nothing about an encoding that fetch has undone', () => {
  const headers = new Headers({ 'content-encoding': 'gzip', 'content-length': '5', 'content-type': 'a/b' })
  expect([...headersForBrowser(headers, false).keys()]).toEqual(['content-type'])
})

it.each<[string | undefined, string]>([
  [undefined, 'private'],
  ['max-age=60', 'max-age=60, private'],
  ['no-cache', 'no-cache, private'],
  ['max-age=60, private', 'max-age=60, private'],
  ['No-Store', 'No-Store'],
  ['public, max-age=60', 'public, max-age=60'],
  ['s-maxage=60', 's-maxage=60'],
  ['must-revalidate', 'must-revalidate'],
])('RFC 9111 §3.5: a shared cache treats %j as it did the answer to Authorization', (given, expected) => {
  const headers = new Headers({ vary: 'accept', ...(given !== undefined && { 'cache-control': given }) })
  const personal = headersForBrowser(headers, true)
  expect([personal.get('cache-control'), personal.get('vary')]).toEqual([expected, 'accept, cookie'])
  expect([...headersForBrowser(headers, false)]).toEqual([...headers])
})

it('tells an API under which address the browser knows it', () => {
  expect(forwardedHeaders('forwarded', 'https://app.example.com:8443', '/api')).toEqual([
    ['forwarded', 'host="app.example.com:8443";proto=https'],
  ])
  expect(Object.fromEntries(forwardedHeaders('x-forwarded', 'http://[::1]:3000', ''))).toEqual({
    'x-forwarded-host': '[::1]:3000',
    'x-forwarded-proto': 'http',
    'x-forwarded-prefix': '/',
  })
})

it('RFC 7239: no host breaks out of its quotes, nor into another header', () => {
  const host = fc.string({ unit: fc.constantFrom(...'a.";=,\\ \r\n-:1'.split('')), minLength: 1 })
  fc.assert(
    fc.property(host, (text) => {
      const url = `https://${text}/`
      if (!URL.canParse(url)) return
      const { forwarded: value = '' } = Object.fromEntries(
        forwardedHeaders('forwarded', new URL(url).origin, '/'),
      )
      expect(value).toMatch(/^host="(?:[^"\\]|\\.)*";proto=https$/)
      expect(() => new Headers({ forwarded: value })).not.toThrow()
    }),
    { numRuns: 2_000 },
  )
})
