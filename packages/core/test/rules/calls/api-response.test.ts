import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMadeFrom, withoutApiHeaders } from '../../../src/rules/calls/api-response.ts'
import { isForBrowser } from '../../../src/rules/calls/relayed-headers.ts'

const name = fc.constantFrom(
  'date',
  'etag',
  'content-type',
  'set-cookie',
  'refresh',
  'x-unknown',
  'x_accel_redirect',
  'cache-control',
)
const some = fc
  .array(fc.tuple(name, fc.constantFrom('1', '2', '3')), { maxLength: 8 })
  .map((pairs) => new Headers(pairs))

describe('isMadeFrom', () => {
  it('knows a copy, also when the application or the runtime has added and decoded', () => {
    fc.assert(
      fc.property(some, fc.constantFrom('server', 'vary'), (api, added) => {
        api.set('date', 'today')
        const copy = new Headers(api)
        copy.append(added, 'mine')
        copy.append('set-cookie', 'mine=1')
        copy.delete('content-encoding')
        api.set('content-encoding', 'gzip')
        expect(isMadeFrom(copy, api)).toBe(true)
        copy.set('date', 'yesterday')
        expect(isMadeFrom(copy, api)).toBe(false)
      }),
    )
  })

  it('takes headers about the content for no evidence', () => {
    const headers = new Headers({ 'content-type': 'application/json', 'content-length': '2' })
    expect(isMadeFrom(headers, headers)).toBe(false)
    expect(isMadeFrom(headers, new Headers())).toBe(false)
  })
})

describe('S33: withoutApiHeaders', () => {
  it('removes only headers of the API that no list contains', () => {
    fc.assert(
      fc.property(some, some, (api, own) => {
        const kept = withoutApiHeaders(own, api, false)
        const lines = (headers: Headers) => headers.getSetCookie()
        for (const [key, value] of own) {
          const isApis = key === 'set-cookie' ? lines(api).includes(value) : api.get(key) === value
          const isThere = key === 'set-cookie' ? lines(kept).includes(value) : kept.get(key) === value
          if (key !== 'cache-control') expect([key, isThere]).toEqual([key, !isApis || isForBrowser(key)])
        }
        for (const [key] of kept) expect(own.has(key) || /^(?:vary|cache-control)$/.test(key)).toBe(true)
      }),
    )
  })

  it('S25: makes the Cache-Control of an API private, and leaves that of the application', () => {
    const api = new Headers({ 'cache-control': 'max-age=60' })
    expect(withoutApiHeaders(api, api, false).get('cache-control')).toBe('max-age=60, private')
    const own = new Headers({ 'cache-control': 'public, max-age=9' })
    expect([...withoutApiHeaders(own, api, false)]).toEqual([...own])
  })

  it('S33: lets no API choose where the browser continues', () => {
    const api = new Headers({ location: '/a' })
    expect(withoutApiHeaders(api, api, true).has('location')).toBe(false)
    expect(withoutApiHeaders(api, api, false).get('location')).toBe('/a')
    expect(withoutApiHeaders(new Headers({ location: '/b' }), api, true).get('location')).toBe('/b')
  })
})
