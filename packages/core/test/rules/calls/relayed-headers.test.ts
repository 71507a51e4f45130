import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { mayAllowForApi, mayAllowForBrowser } from '../../../src/rules/calls/allowed-headers.ts'
import { forwardedHeaders, headersForApi } from '../../../src/rules/calls/proxied-headers.ts'
import { headersForBrowser } from '../../../src/rules/calls/relayed-headers.ts'

const CANARY = 'canary'
const words = (text: string) => text.trim().split(/\s+/)

/** The headers that an API and a browser get. Any other name is refused, so a new header of the platform is too. */
const forTheApi = words(`
  accept accept-charset accept-datetime accept-language accept-patch cache-control content-digest content-disposition
  content-encoding content-language content-length content-md5 content-range content-type digest repr-digest
  want-content-digest want-repr-digest idempotency-key if-match if-modified-since if-none-match if-range
  if-unmodified-since last-event-id prefer range save-data user-agent x-requested-with correlation-id request-id
  traceparent tracestate x-correlation-id x-request-id sec-websocket-extensions sec-websocket-key sec-websocket-protocol
  sec-websocket-version
`)
const forTheBrowser = words(`
  accept-patch accept-post accept-ranges allow content-digest content-disposition content-language content-length
  content-md5 content-range content-type digest location preference-applied repr-digest age cache-control date etag
  expires last-modified vary deprecation link retry-after server-timing sunset www-authenticate x-total-count
  content-security-policy x-content-type-options x-frame-options correlation-id request-id traceresponse
  x-correlation-id x-request-id sec-websocket-accept sec-websocket-extensions sec-websocket-protocol
  ratelimit ratelimit-policy ratelimit-limit ratelimit-remaining ratelimit-reset x-ratelimit-limit x-rate-limit-reset
`)
/** Names that an attacker would like to pass. */
const hostile = words(`
  connection keep-alive proxy proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding
  upgrade authorization cookie cookie2 dpop host expect accept-encoding origin referer sec-fetch-site sec-fetch-mode
  x-evertoken via forwarded forwarded-for client-ip x-client-ip x-cluster-client-ip x-forwarded-for x-forwarded-host
  x-forwarded-proto x-forwarded-user x-original-url x-rewrite-url x-real-ip true-client-ip cf-connecting-ip
  fastly-client-ip x-ms-client-principal x-ms-client-principal-id x-amzn-oidc-data x-amzn-oidc-identity
  x-goog-iap-jwt-assertion x-goog-authenticated-user-email x-envoy-internal x-envoy-original-path remote-user x-user
  x-http-method-override ssl-client-cert x-ssl-client-verify
  set-cookie set-cookie2 clear-site-data strict-transport-security alt-svc refresh nel report-to reporting-endpoints
  access-control-allow-origin access-control-allow-credentials x-accel-redirect x-accel-buffering x-sendfile
  x-lighttpd-send-file service-worker-allowed speculation-rules sourcemap permissions-policy referrer-policy
  cross-origin-opener-policy secure-session-registration content-security-policy-report-only server x-powered-by
`)
const underscored = hostile.concat(forTheApi).map((name) => name.replaceAll('-', '_'))

const casing = fc.func(fc.boolean()).map(
  (isUpper) => (name: string) =>
    name
      .split('')
      .map((letter, i) => (isUpper(i) ? letter.toUpperCase() : letter))
      .join(''),
)
const some = (names: readonly string[]) => fc.subarray([...names])
const anyName = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0-_.x'.split('')),
  minLength: 1,
})

it.each([
  ['S21: to the API', forTheApi, (headers: Headers) => headersForApi(headers, true)],
  ['S33: to the browser', forTheBrowser, (headers: Headers) => headersForBrowser(headers, false)],
])('%s pass the headers of a list, in whatever case, and no other', (_whom, list, pass) => {
  const other = fc.oneof(fc.constantFrom(...hostile, ...underscored), anyName)
  const others = fc.array(other.filter((name) => !list.includes(name) && name !== 'content-encoding'))
  fc.assert(
    fc.property(others, some(list), casing, (bad, good, withCase) => {
      const headers = new Headers()
      for (const name of bad) headers.append(withCase(name), `${CANARY}-${name}`)
      for (const name of good) headers.append(withCase(name), `good-${name}`)
      const passed = pass(headers)
      expect(Object.fromEntries(passed)).toEqual(
        Object.fromEntries(
          good.filter((name) => !named(headers).has(name)).map((name) => [name, `good-${name}`]),
        ),
      )
    }),
  )
})

function named(headers: Headers): Set<string> {
  return new Set((headers.get('connection') ?? '').split(/[ \t,]+/))
}

it('an option adds a name, but none that is never safe', () => {
  const headers = new Headers({ 'X-Cost': '1', X_Cost: '2', 'X-Other': '3' })
  expect([...headersForApi(headers, true, ['x-cost'])]).toEqual([['x-cost', '1']])
  expect([...headersForBrowser(headers, false, ['x-cost'])]).toEqual([['x-cost', '1']])
  for (const name of ['x-cost', 'x-forwarded-for', 'origin', 'x-user'])
    expect(mayAllowForApi(name)).toBe(true)
  for (const name of ['x-cost', 'referrer-policy', 'server']) expect(mayAllowForBrowser(name)).toBe(true)
  for (const name of words(
    'cookie authorization dpop host proxy te transfer-encoding x-evertoken transfer_encoding',
  ))
    expect([name, mayAllowForApi(name)]).toEqual([name, false])
  const orders = words(`
    set-cookie set_cookie clear-site-data strict-transport-security access-control-allow-origin refresh x-accel-redirect
    x_accel_redirect x-sendfile service-worker-allowed nel report-to reporting-endpoints alt-svc connection
  `)
  for (const name of orders) expect([name, mayAllowForBrowser(name)]).toEqual([name, false])
})

it('RFC 9110 §7.6.1: headers that Connection names end with the connection', () => {
  const listed = fc.uniqueArray(fc.constantFrom('etag', 'content-type', 'x-request-id'), { minLength: 1 })
  const separator = fc.constantFrom(',', ', ', ' ,\t', ',,')
  fc.assert(
    fc.property(listed, separator, casing, (names, between, withCase) => {
      const headers = new Headers(names.map((name): [string, string] => [name, CANARY]))
      headers.set('content-language', 'de')
      headers.set('connection', ['close', ...names].map(withCase).join(between))
      for (const passed of [headersForApi(headers, true), headersForBrowser(headers, false)]) {
        expect([...passed]).toEqual([['content-language', 'de']])
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

it('omits an encoding that fetch has undone', () => {
  const headers = new Headers({ 'content-encoding': 'gzip', 'content-length': '5', 'content-type': 'a/b' })
  expect([...headersForBrowser(headers, false).keys()]).toEqual(['content-type'])
})

it.each<[string | undefined, string]>([
  [undefined, 'private'],
  ['max-age=60', 'max-age=60, private'],
  ['no-cache', 'no-cache, private'],
  ['max-age=60, private', 'max-age=60, private'],
  ['No-Store', 'no-store'],
  ['public, max-age=60', 'max-age=60, private'],
  ['s-maxage=60, Immutable', 'immutable, private'],
  ['must-revalidate', 'must-revalidate, private'],
  ['private="set-cookie", max-age=60', 'max-age=60, private'],
  ['must-understand, no-store', 'no-store'],
  ['no-store="a", max-age=9', 'max-age=9, private'],
])('S25: no shared cache stores a relayed response with %j', (given, expected) => {
  const headers = new Headers({ vary: 'accept', ...(given !== undefined && { 'cache-control': given }) })
  const mine = headersForBrowser(headers, true)
  expect([mine.get('cache-control'), mine.get('vary')]).toEqual([expected, 'accept, cookie'])
  expect([...headersForBrowser(headers, false)]).toEqual([...headers])
})

it('S25: for any Cache-Control, a relayed response is private or not stored', () => {
  const part = fc.constantFrom(
    ...words('public private no-store s-maxage=9 max-age=1 "no-store" , " = ; must-understand'),
  )
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom(', ', ' ', '='), (parts, between) => {
      const headers = new Headers({ 'cache-control': parts.join(between) })
      const directives = headersForBrowser(headers, true).get('cache-control')?.split(', ') ?? []
      expect(directives.some((each) => each === 'private' || each === 'no-store')).toBe(true)
      for (const each of directives) expect(each).toMatch(/^[a-z-]+(?:="?\d+"?)?$/)
      expect(directives.join()).not.toMatch(/public|s-maxage|must-understand/)
    }),
  )
})

it('sends the API the address that the browser uses', () => {
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
