import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hop, nextHop } from '../../../src/rules/calls/redirect.ts'

const API = 'https://api.example.com'
const prefixes = [{ origin: API, pathname: '/orders/' }]
const secret = { authorization: 'Bearer at', dpop: 'proof', cookie: 'c', 'x-api-key': 'k', 'if-match': 'e' }
const harmless = { accept: 'a/b', 'accept-language': 'de', range: 'bytes=0-1', 'user-agent': 'ua' }
const aboutBody = {
  'content-type': 't/p',
  'content-length': '1',
  'content-encoding': 'br',
  'content-language': 'de',
}

function hop(changes: Partial<Hop> = {}): Hop {
  const headers = new Headers({ ...secret, ...harmless, ...aboutBody, 'content-location': '/x' })
  return { href: `${API}/orders/1`, method: 'GET', headers, body: 'none', trusted: true, ...changes }
}

function follow(from: Hop, status: number, location: string | null): Hop | 'arrived' | 'refused' {
  return nextHop(from, redirect(status, location), prefixes)
}

function redirect(status: number, location: string | null) {
  return { status, headers: { get: () => location } as unknown as Headers }
}

function followed(from: Hop, status: number, location: string): Hop {
  const next = follow(from, status, location)
  if (typeof next === 'string') throw new Error(next)
  return next
}

const post: Partial<Hop> = { method: 'POST', body: 'replayable' }
const put: Partial<Hop> = { method: 'PUT', body: 'replayable' }

describe('nextHop', () => {
  it.each([301, 307])('adds no headers after a %d to a call without headers', (status) => {
    const from = hop({ headers: undefined, method: 'POST', body: 'replayable' })
    expect(followed(from, status, '/orders/2').headers).toBe(undefined)
  })

  it.each([200, 204, 300, 304, 305, 306, 400, 401, 500])(
    'a %d has arrived, whatever its Location',
    (status) => {
      expect(follow(hop(), status, '/orders/2')).toBe('arrived')
    },
  )

  it.each([301, 302, 303, 307, 308])('a %d without Location is final, with one it continues', (status) => {
    expect(follow(hop(), status, null)).toBe('arrived')
    expect(followed(hop(), status, '2?x#y').href).toBe(`${API}/orders/2?x#y`)
  })

  it.each([
    'http://',
    'https://[',
    '//',
    'javascript:alert(1)',
    'data:,x',
    'file:///etc/passwd',
    'blob:https://a/b',
  ])('refuses to go to %j', (location) => {
    expect(follow(hop(), 302, location)).toBe('refused')
  })

  it('Fetch §4.4: keeps the fragment unless Location has its own', () => {
    const from = hop({ href: `${API}/orders/1#top` })
    expect(followed(from, 302, '/orders/2').href).toBe(`${API}/orders/2#top`)
    expect(followed(from, 302, '/orders/2#end').href).toBe(`${API}/orders/2#end`)
  })

  it.each<[number, Partial<Hop>, string]>([
    [301, post, 'GET'],
    [302, post, 'GET'],
    [303, post, 'GET'],
    [307, post, 'POST'],
    [308, post, 'POST'],
    [301, put, 'PUT'],
    [302, put, 'PUT'],
    [303, put, 'GET'],
    [303, { method: 'HEAD' }, 'HEAD'],
    [302, { method: 'HEAD' }, 'HEAD'],
    [303, { method: 'DELETE' }, 'GET'],
  ])('Fetch §4.4: %d after %o asks with %s', (status, changes, method) => {
    const next = followed(hop(changes), status, '/orders/2')
    expect(next.method).toBe(method)
    expect(next.trusted).toBe(true)
    const dropped = changes.method !== method
    expect(next.body).toBe(dropped ? 'none' : (changes.body ?? 'none'))
    expect([...new Headers(next.headers).keys()].some((name) => name.startsWith('content-'))).toBe(!dropped)
    expect(next.headers?.get('x-api-key')).toBe('k')
  })

  it('refuses to send a stream again, unless the method changes so that there is none to send', () => {
    for (const status of [307, 308])
      expect(follow(hop({ ...post, body: 'spent' }), status, '/orders/2')).toBe('refused')
    expect(follow(hop({ ...put, body: 'spent' }), 302, '/orders/2')).toBe('refused')
    expect(followed(hop({ ...post, body: 'spent' }), 303, '/orders/2').body).toBe('none')
  })

  it.each(['https://u:p@api.example.com/orders/2', 'https://u@evil.example/'])(
    'refuses credentials: %s',
    (location) => {
      expect(follow(hop(), 302, location)).toBe('refused')
    },
  )

  it.each([
    ['another host', 'https://evil.example/orders/2'],
    ['another port', 'https://api.example.com:444/orders/2'],
    ['another path', '/admin'],
    ['a climbing path', '/orders/..%2fadmin'],
  ])('S28: sends only harmless headers to %s', (_where, location) => {
    const next = followed(hop(), 302, location)
    expect(next.trusted).toBe(false)
    expect(Object.fromEntries(next.headers ?? [])).toEqual(harmless)
    for (const status of [301, 302, 307, 308]) expect(follow(hop(put), status, location)).toBe('refused')
    for (const status of [307, 308]) expect(follow(hop(post), status, location)).toBe('refused')
    for (const status of [301, 307])
      expect(follow(hop({ method: 'DELETE' }), status, location)).toBe('refused')
    expect(followed(hop(post), 303, location)).toMatchObject({ method: 'GET', body: 'none', trusted: false })
    expect(followed(hop({ method: 'HEAD' }), 307, location).method).toBe('HEAD')
  })

  it.each([
    'http://api.example.com/orders/2',
    'http://evil.example/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://localhost/',
    'https://vault/',
    'https://169.254.169.254/latest/meta-data/',
  ])('S28: refuses to go from https to http, or to a private address: %s', (location) => {
    for (const status of [301, 302, 303, 307, 308]) expect(follow(hop(), status, location)).toBe('refused')
    const away = followed(hop(), 302, 'https://evil.example/')
    expect(follow(away, 302, location)).toBe('refused')
  })

  it('S28: goes to a private address on which a configured API is', () => {
    const inside = [{ origin: 'http://127.0.0.1:4000', pathname: '/' }]
    const from = hop({ href: 'http://127.0.0.1:4000/orders/1' })
    const to = (location: string, allowed = inside) => nextHop(from, redirect(302, location), allowed)
    expect(to('/other')).toMatchObject({ trusted: true })
    expect(to('http://127.0.0.1:5000/')).toMatchObject({ trusted: false })
    expect(to('http://10.0.0.1/')).toBe('refused')
    expect(to('https://evil.example/')).toMatchObject({ trusted: false })
    const both = [...prefixes, ...inside]
    expect(nextHop(hop(), redirect(302, 'http://127.0.0.1:4000/'), both)).toMatchObject({ trusted: false })
    expect(nextHop(hop(), redirect(302, 'http://127.0.0.1:5000/'), both)).toBe('refused')
  })

  it('S28: a removed header does not come back', () => {
    const away = followed(hop(), 302, 'https://evil.example/')
    const back = followed(away, 302, `${API}/orders/2`)
    expect(back.trusted).toBe(false)
    expect(Object.fromEntries(back.headers ?? [])).toEqual(harmless)
  })

  it('trusts no other origin because it is allowed as well: the token was asked for this one', () => {
    const both = [...prefixes, { origin: 'https://other.example', pathname: '/' }]
    expect(nextHop(hop(), redirect(302, 'https://other.example/'), both)).toMatchObject({ trusted: false })
  })

  it('S28: never sends a body, a changing method or a secret header out, for any Location', () => {
    const location = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.constantFrom('/orders/2', '//api.example.com/orders/2', '..'),
    )
    const status = fc.constantFrom(301, 302, 303, 307, 308)
    const from = fc.constantFrom(
      hop(),
      hop(post),
      hop(put),
      hop({ ...post, body: 'spent' }),
      hop({ trusted: false }),
    )
    fc.assert(
      fc.property(from, status, location, (start, code, target) => {
        const next = follow(start, code, target)
        if (typeof next === 'string' || next.trusted) return
        expect(next.body).toBe('none')
        expect(['GET', 'HEAD']).toContain(next.method)
        for (const name of Object.keys(secret)) expect(next.headers?.has(name)).toBe(false)
      }),
    )
  })
})
