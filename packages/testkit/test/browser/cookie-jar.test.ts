import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCookieJar, createManualClock } from '../../src/index.ts'

const HTTPS = 'https://app.example.com/shop/cart'
const HTTP = 'http://app.example.com/shop/cart'

function createJar() {
  const clock = createManualClock()
  const jar = createCookieJar({ clock })
  const store = (...lines: string[]) => lines.forEach((line) => jar.store(line, HTTPS))
  return { clock, jar, store }
}

/** The header for the URL after the line was stored. */
function sent(line: string, from: string, to: string): string {
  const { jar } = createJar()
  jar.store(line, from)
  return jar.header(to)
}

describe('createCookieJar', () => {
  it.each([
    ['a=1', 'a=1'],
    [' a \t= 1 2 ; HttpOnly', 'a=1 2'],
    ['a=', 'a='],
    ['just text', 'just text'],
    ['=text', 'text'],
    ['', ''],
    ['; Secure', ''],
    ['a="1"', 'a="1"'],
    ['a=b=c', 'a=b=c'],
    ['a=1\u0007', ''],
    [`a=${'x'.repeat(4095)}`, `a=${'x'.repeat(4095)}`],
    [`a=${'x'.repeat(4096)}`, ''],
  ])('reads name and value of %j', (line, header) => {
    expect(sent(line, HTTPS, HTTPS)).toBe(header)
  })

  it.each([
    ['a=1; Max-Age=60', 60],
    ['a=1; Max-Age=60; Expires=Fri, 15 Jan 2027 08:00:10 GMT', 60],
    ['a=1; Expires=Fri, 15 Jan 2027 08:00:10 GMT; max-age=soon', 10],
    ['a=1; Max-Age=10; Max-Age=20', 20],
    ['a=1; Max-Age=99999999999', 400 * 86_400],
    ['a=1; Expires=Fri, 15 Jan 2100 08:00:10 GMT', 400 * 86_400],
    ['a=1; Expires=soon', Infinity],
    ['a=1', Infinity],
    ['a=1; Max-Age=0', 0],
    ['a=1; Max-Age=-5', 0],
    ['a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('keeps %j for %d seconds', (line, seconds) => {
    const { clock, jar, store } = createJar()
    store(line)
    if (seconds === Infinity) {
      clock.jump(1e9)
      expect(jar.get('a')).toBe('1')
      return
    }
    clock.jump(seconds - 0.001)
    expect(jar.get('a')).toBe(seconds > 0 ? '1' : undefined)
    clock.jump(0.001)
    expect([jar.get('a'), jar.header(HTTPS), jar.cookies()]).toEqual([undefined, '', []])
  })

  it.each([
    ['a=1; Path=/', '/anything', true],
    ['a=1; Path=/shop', '/shop', true],
    ['a=1; Path=/shop', '/shop/x', true],
    ['a=1; Path=/shop/', '/shop', false],
    ['a=1; Path=/shop', '/shopping', false],
    ['a=1', '/shop/other', true],
    ['a=1; Path=relative', '/shop/other', true],
    ['a=1', '/', false],
  ])('sends %j to %s: %s', (line, path, isSent) => {
    expect(sent(line, HTTPS, `https://app.example.com${path}`)).toBe(isSent ? 'a=1' : '')
  })

  it.each([
    ['a=1', 'https://app.example.com', true],
    ['a=1', 'https://sub.app.example.com', false],
    ['a=1', 'https://example.com', false],
    ['a=1; Domain=.Example.com', 'https://other.example.com', true],
    ['a=1; Domain=example.com', 'https://badexample.com', false],
    ['a=1; Domain=other.example.com', 'https://other.example.com', false],
    ['a=1; Domain=sub.app.example.com', 'https://sub.app.example.com', false],
    ['a=1; Domain=', 'https://sub.app.example.com', false],
    ['a=1', 'https://app.example.com:8443', true],
    ['a=1', 'http://app.example.com', true],
    ['a=1; Secure', 'http://app.example.com', false],
  ])('sends %j to %s: %s', (line, url, isSent) => {
    expect(sent(`${line}; Path=/`, HTTPS, url)).toBe(isSent ? 'a=1' : '')
  })

  it.each([
    ['__Host-a=1; Secure; Path=/', true],
    ['__Host-a=1; Path=/', false],
    ['__Host-a=1; Secure; Path=/shop', false],
    ['__Host-a=1; Secure', false],
    ['__Host-a=1; Secure; Path=/; Domain=app.example.com', false],
    ['__HOST-a=1; Path=/', false],
    ['__Host-a; Secure; Path=/', false],
    ['=__Host-a=1; Secure; Path=/', false],
    ['__Secure-a=1; Secure', true],
    ['__Secure-a=1', false],
  ])('accepts %j: %s', (line, isAccepted) => {
    const { jar, store } = createJar()
    store(line)
    expect(jar.cookies().length).toBe(isAccepted ? 1 : 0)
  })

  it('protects secure cookies from pages on http', () => {
    const { jar, store } = createJar()
    store('a=1; Secure; Path=/')
    jar.store('a=2; Path=/shop', HTTP)
    jar.store('a=2; Secure; Path=/', HTTP)
    expect(jar.header(HTTPS)).toBe('a=1')
    jar.store('b=2; Path=/', HTTP)
    expect(jar.header(HTTPS)).toBe('a=1; b=2')
  })

  it.each([
    ['Strict', { crossSite: false }, true],
    ['Strict', { crossSite: true, topLevelNavigation: true }, false],
    ['Lax', { crossSite: true, topLevelNavigation: true }, true],
    ['Lax', { crossSite: true, topLevelNavigation: true, method: 'POST' }, false],
    ['Lax', { crossSite: true }, false],
    ['other', { crossSite: true }, false],
    ['None; Secure', { crossSite: true, method: 'POST' }, true],
  ] as const)('sends a cookie with SameSite=%s in %o: %s', (sameSite, context, isSent) => {
    const { jar, store } = createJar()
    store(`a=1; SameSite=${sameSite}`)
    expect(jar.header(HTTPS, context)).toBe(isSent ? 'a=1' : '')
  })

  it.each([
    ['Lax', { crossSite: true }, false],
    ['Strict', { crossSite: true, topLevelNavigation: true, method: 'POST' }, true],
    ['None; Secure', { crossSite: true }, true],
    ['None', {}, false],
  ] as const)('stores a cookie with SameSite=%s in %o: %s', (sameSite, context, isStored) => {
    const { jar } = createJar()
    jar.store(`a=1; SameSite=${sameSite}`, HTTPS, context)
    expect(jar.get('a')).toBe(isStored ? '1' : undefined)
  })

  it('replaces a cookie in its place, and sends longer paths first', () => {
    const { jar, store } = createJar()
    store('a=1; Path=/', 'b=2; Path=/', 'c=3; Path=/shop', 'a=4; Path=/')
    expect(jar.header(HTTPS)).toBe('c=3; a=4; b=2')
    store('a=; Path=/; Max-Age=0')
    expect(jar.header(HTTPS)).toBe('c=3; b=2')
  })

  it('restores a snapshot, and drops cookies that have expired since then', () => {
    const { clock, jar, store } = createJar()
    store('a=1; Path=/; Max-Age=60', 'b=2; Path=/')
    const snapshot = jar.snapshot()
    store('a=3; Path=/', 'c=4; Path=/')
    jar.restore(snapshot)
    expect(jar.header(HTTPS)).toBe('a=1; b=2')
    clock.jump(60)
    jar.restore(snapshot)
    expect(jar.header(HTTPS)).toBe('b=2')
  })

  it('keeps the last value of each cookie until it expires, whatever was set before', () => {
    const operation = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      maxAge: fc.constantFrom(undefined, 0, 10, 100),
      wait: fc.integer({ min: 0, max: 30 }),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
        const { clock, jar, store } = createJar()
        const expected = new Map<string, { value: string; until: number }>()
        for (const [i, { name, maxAge, wait }] of operations.entries()) {
          clock.jump(wait)
          store(`${name}=${i}; Path=/${maxAge === undefined ? '' : `; Max-Age=${maxAge}`}`)
          expected.set(name, { value: String(i), until: clock.now() + (maxAge ?? Infinity) })
          for (const [key, { value, until }] of expected)
            expect(jar.get(key)).toBe(until > clock.now() ? value : undefined)
        }
      }),
    )
  })

  it('never fails on a line, and sends only valid header values', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '=', ';', ' ', '\t', ',', '"', '-', '0', 'é', '\u0001'),
    })
    const line = fc.oneof(
      text,
      fc.tuple(text, text).map(([value, rest]) => `a=${value}; Path=/; ${rest}`),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const { jar, store } = createJar()
        store(...lines)
        const header = jar.header(HTTPS)
        expect(new Headers({ cookie: header }).get('cookie')).toBe(header.trim())
        expect(header).not.toContain('\u0001')
        expect(header).not.toMatch(/;(?! )/)
      }),
    )
  })
})
