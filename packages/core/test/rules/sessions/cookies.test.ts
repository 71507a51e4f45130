import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  MAX_CHUNKS,
  chunkCookie,
  concernsCookie,
  clearCookie,
  cookieName,
  defaultCookieName,
  joinCookie,
  parseCookies,
  setCookie,
  staleChunks,
} from '../../../src/rules/sessions/cookies.ts'

const NAME = '__Host-Http-session'
const sealAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*.~-_'
const printableAscii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')

/** Long texts without a period, much faster than `fc.string` makes them. */
function textOf(alphabet: string, minLength: number): fc.Arbitrary<string> {
  const length = fc.oneof(fc.integer({ min: minLength, max: 15_000 }), fc.constant(minLength))
  return fc.tuple(length, fc.nat(0x7fff_ffff)).map(([size, seed]) => {
    let state = seed
    return Array.from({ length: size }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return alphabet[(state >>> 8) % alphabet.length]
    }).join('')
  })
}

const sealed = textOf(sealAlphabet, 0)
const long = textOf(sealAlphabet, 3_900)
const printable = textOf(printableAscii, 0)

function chunks(value: string): [string, string][] {
  const result = chunkCookie(NAME, value)
  if (result === undefined) throw new Error('The value does not fit')
  return result
}

describe('parseCookies', () => {
  it.each<[string | null, Record<string, string>]>([
    [null, {}],
    ['', {}],
    ['a=1', { a: '1' }],
    ['a=1; b=2;c=3', { a: '1', b: '2', c: '3' }],
    ['a=1; a=2', { a: '1' }],
    ['a=; a=2', { a: '' }],
    ['a=x=y==', { a: 'x=y==' }],
    ['a="1 2"; b="; c=""', { a: '1 2', b: '"', c: '' }],
    ['a="""', { a: '"' }],
    ['a=%41%zz', { a: '%41%zz' }],
    [' \ta \t=\t 1 ; b=2', { a: '1', b: '2' }],
    ['junk; a=1; junk', { a: '1' }],
    [';;;=;a=1;;', { '': '', a: '1' }],
  ])('reads %j', (header, expected) => {
    expect(Object.fromEntries(parseCookies(header))).toEqual(expected)
  })

  it('keeps names that objects would trip over', () => {
    const cookies = parseCookies('__proto__=1; constructor=2')
    expect([...cookies]).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
  })

  it('S22: takes no look-alike for a prefixed name', () => {
    expect(parseCookies(`\u00a0${NAME}=evil; ${NAME}\u00a0=evil`).has(NAME)).toBe(false)
    expect(parseCookies(`$${NAME}=evil; x="; ${NAME}=good"`).get(NAME)).toBe('good"')
  })

  it('agrees with splitting, whatever the header', () => {
    const unit = fc.constantFrom('a', 'b', '=', ';', ' ', '\t', '"', 'é', '\u00a0')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (header) => {
        expect(parseCookies(header)).toEqual(parseBySplitting(header))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(['=', ';', 'a=', 'a;', '=;', '" '])('needs linear time for %j repeated', (part) => {
    expect(parseCookies(part.repeat(300_000)).size).toBeLessThan(3)
  })
})

function parseBySplitting(header: string): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of header.split(';')) {
    const [name, ...rest] = pair.split('=').map((text) => text.replace(/^[ \t]+/, ''))
    if (name === undefined || rest.length === 0) continue
    const raw = pair.slice(pair.indexOf('=') + 1).replace(/^[ \t]+|[ \t]+$/g, '')
    const key = name.replace(/[ \t]+$/, '')
    if (!cookies.has(key)) cookies.set(key, raw.replace(/^"(.*)"$/, '$1'))
  }
  return cookies
}

describe('setCookie', () => {
  it('S22: is bound to the host, the whole of it, and out of reach for scripts', () => {
    expect(setCookie(NAME, 'v', { sameSite: 'Lax', secure: true, maxAge: 60.9 })).toBe(
      '__Host-Http-session=v; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60',
    )
    expect(setCookie('session', 'v', { sameSite: 'Strict', secure: false })).toBe(
      'session=v; Path=/; HttpOnly; SameSite=Strict',
    )
  })

  it('S22: clears with the attributes it was set with', () => {
    expect(clearCookie(NAME, { sameSite: 'Lax', secure: true, maxAge: 60 })).toBe(
      '__Host-Http-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
    )
  })

  it('S22: names carry the __Host-Http- prefix where the cookie is secure', () => {
    expect([cookieName('session', true), cookieName('session', false)]).toEqual([NAME, 'session'])
    // Browsers that do not know it apply the rules of this prefix.
    expect(NAME).toMatch(/^__Host-/)
  })

  it('S22: the default name differs for each client at each authorization server', () => {
    const issuers = ['https://login.example.com', 'https://login.example.com/', 'http://localhost:4000']
    const names = issuers.flatMap((issuer) =>
      Array.from({ length: 300 }, (_, i) => defaultCookieName(issuer, `client-${i}`)),
    )
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^evertoken-[\da-z]{1,7}$/)
    expect(defaultCookieName('https://login.example.com', 'web')).toBe('evertoken-4hq88u')
  })
})

describe('S33: concernsCookie', () => {
  it('knows every line that a browser could store under the name or below it', () => {
    const blank = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 2 })
    const rest = fc.constantFrom('', '=', '=x', '=x; Path=/', ' = x;Max-Age=0', ';Secure')
    fc.assert(
      fc.property(
        blank,
        fc.constantFrom('', '=', '= '),
        fc.constantFrom('', '.1', '.login.a'),
        rest,
        (space, nameless, part, end) => {
          const line = `${space}${nameless}__Host-Http-evertoken${part}${end}`
          expect(concernsCookie(line, '__Host-Http-evertoken')).toBe(true)
          const stored = parseCookies(line.split(';')[0]?.replace(/^[\s=]+/, '') ?? '')
          for (const name of stored.keys()) expect(concernsCookie(line, name)).toBe(true)
        },
      ),
    )
  })

  it.each([
    'evertoken=1',
    '__Host-Http-evertoken2=1',
    'x=__Host-Http-evertoken',
    'a=1; __Host-Http-evertoken=2',
    '',
    ';',
    '=',
  ])('leaves %j alone', (line) => expect(concernsCookie(line, '__Host-Http-evertoken')).toBe(false))
})

describe('chunks', () => {
  it('S23: a value that fits one cookie is stored as it is', () => {
    expect(chunkCookie(NAME, 'Fe26.2*abc')).toEqual([[NAME, 'Fe26.2*abc']])
    expect(chunks('x'.repeat(3_900 - NAME.length))).toHaveLength(1)
    expect(chunks('x'.repeat(3_901 - NAME.length)).map(([name]) => name)).toEqual([NAME, `${NAME}.1`])
  })

  it('S23: more than four chunks are refused at write time', () => {
    const most = (3_900 - NAME.length - 3) * MAX_CHUNKS
    expect(chunks('x'.repeat(most))).toHaveLength(4)
    expect(chunkCookie(NAME, 'x'.repeat(most + 1))).toBeUndefined()
    expect(chunkCookie('n'.repeat(5_000), '')).toBeUndefined()
  })

  it('S23: any printable value comes back', () => {
    const value = fc.oneof(
      printable,
      fc.string(),
      printable.map((text) => `~${text}`.slice(0, 15_000)),
    )
    fc.assert(
      fc.property(value, (text) => {
        const written = chunks(text)
        expect(joinCookie(NAME, new Map(written))).toEqual({ value: text })
      }),
    )
  })

  it('S23: a sealed value survives the header, in any order, with stale chunks', () => {
    const stale = Array.from({ length: MAX_CHUNKS }, (_, i): [string, string] => [`${NAME}.${i}`, 'stale'])
    fc.assert(
      fc.property(fc.oneof(sealed, long), fc.boolean(), (value, reversed) => {
        const written = chunks(value)
        const names = new Set(written.map(([name]) => name))
        const sent = [...written, ...stale.filter(([name]) => !names.has(name))]
        if (reversed) sent.reverse()
        const cookies = parseCookies(sent.map(([name, part]) => `${name}=${part}`).join('; '))
        expect(joinCookie(NAME, cookies)).toEqual({ value })
      }),
    )
  })

  it('S23: every cookie holds at most 4096 bytes with its attributes, and only cookie-octets', () => {
    fc.assert(
      fc.property(fc.oneof(sealed, long), (value) => {
        for (const [name, part] of chunks(value)) {
          const header = setCookie(name, part, { sameSite: 'Strict', secure: true, maxAge: 34_560_000 })
          expect(Buffer.byteLength(header)).toBeLessThanOrEqual(4_096)
          expect(part).toMatch(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/)
        }
      }),
    )
  })

  it('S23: a session with a missing chunk is rejected', () => {
    fc.assert(
      fc.property(long, fc.nat(MAX_CHUNKS), (value, nth) => {
        const written = chunks(value)
        const lost = nth % written.length
        const cookies = new Map(written.filter((_, i) => i !== lost))
        expect(joinCookie(NAME, cookies)).toBe(lost === 0 ? undefined : 'incomplete')
      }),
    )
  })

  it.each(['~', '~~', '~0~x', '~5~x', '~9~x', '~2', '~2x', '~02~x', '~-1~x', '~1.5~x', '~ ~x', '~2~x'])(
    'S23: only %j is incomplete',
    (value) => {
      expect(joinCookie(NAME, new Map([[NAME, value]]))).toBe('incomplete')
    },
  )

  it('S23: a count over the cap is refused, were all chunks there', () => {
    const all = Array.from({ length: 9 }, (_, i): [string, string] => [
      i === 0 ? NAME : `${NAME}.${i}`,
      '~9~',
    ])
    expect(joinCookie(NAME, new Map(all))).toBe('incomplete')
  })

  it('S23: never throws, and never takes one cookie for another', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'a.0', 'a.1', 'a.01', 'a.8', 'a.x', 'a.1.1', 'ab', 'ab.1'),
      fc.string(),
    )
    const text = fc.oneof(fc.string(), fc.constantFrom('~1~', '~2~', '~8~'))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text)), fc.nat(9), (pairs, keep) => {
        const cookies = new Map(pairs)
        const joined = joinCookie('a', cookies)
        expect(joined === undefined).toBe(!cookies.has('a'))
        const expected = [...cookies.keys()].filter((key) => /^a\.[1-3]$/.test(key) && Number(key[2]) >= keep)
        expect(staleChunks('a', cookies, keep).toSorted()).toEqual(expected.toSorted())
      }),
    )
  })
})
