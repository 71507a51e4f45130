import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonBytes, MAX_TOKENS, withToken, type StoredToken } from '../../src/model/stored-tokens.ts'
import { NOW } from '../rules/arbitraries.ts'

const AT = { wall: NOW }

function living(seconds: number, changes: Partial<StoredToken> = {}): StoredToken {
  const times = { obtainedAt: NOW, expiresAt: NOW + seconds }
  return { value: 'at', type: 'Bearer', ...times, attempt: 1, ...changes }
}

const named = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, living(300)]))
const many = Array.from({ length: MAX_TOKENS }, (_, i) => `k${i}`)
const key = fc.constantFrom('', ...many, ...many.map((each) => `${each}ö`))
const keys = fc.uniqueArray(key, { maxLength: 130 })
const uses = fc.dictionary(key, fc.nat(1000))

describe('withToken', () => {
  it('keeps 64 tokens, and the new one always', () => {
    fc.assert(
      fc.property(keys, key, uses, (before, added, used) => {
        const after = withToken(named(before), added, living(60), AT, (each) => used[each] ?? 0)
        const count = new Set([...before, added]).size
        expect(Object.keys(after)).toHaveLength(Math.min(count, 64))
        expect(after[added]).toEqual(living(60))
      }),
    )
  })

  it('the least recently used one goes first, but never that of the sign-in', () => {
    fc.assert(
      fc.property(keys, key, uses, (before, added, used) => {
        const lastUse = (each: string) => used[each] ?? 0
        const after = Object.keys(withToken(named(before), added, living(60), AT, lastUse))
        const gone = before.filter((each) => each !== added && !after.includes(each))
        expect(gone).not.toContain('')
        for (const left of after.filter((each) => each !== added && each !== ''))
          for (const each of gone) expect(lastUse(each)).toBeLessThanOrEqual(lastUse(left))
      }),
    )
  })

  it('the token of the sign-in stays when all others have been used since', () => {
    const before = named(['', ...many])
    const after = Object.keys(withToken(before, 'new', living(60), AT, (each) => (each === '' ? 0 : 9)))
    expect(after).toEqual([...many.slice(2), '', 'new'])
  })

  it('a process that has used none keeps the order in which the others used them', () => {
    let tokens = named(many)
    for (const each of ['new', 'k1', 'newer']) tokens = withToken(tokens, each, living(300), AT)
    expect(Object.keys(tokens)).toEqual([...many.slice(3), 'new', 'k1', 'newer'])
  })

  it('an order that one process has stored is read by the next one', () => {
    const stored = withToken(named(['a', 'b', 'c']), 'd', living(300), AT, (each) => (each === 'a' ? 9 : 0))
    expect(Object.keys(stored)).toEqual(['b', 'c', 'a', 'd'])
  })

  it('a token that has expired goes, by the clock that it was written with', () => {
    const before = {
      expired: living(0),
      soon: living(0.1),
      byServer: living(300, { ahead: 600 }),
      byWall: living(300),
    }
    expect(Object.keys(withToken(before, 'k', living(300), AT))).toEqual(['soon', 'byWall', 'k'])
    const time = { wall: NOW, server: NOW + 100 }
    expect(Object.keys(withToken(before, 'k', living(300), time))).toEqual([
      'soon',
      'byServer',
      'byWall',
      'k',
    ])
  })

  it('all tokens fit into the budget as JSON, unless only the new one is left', () => {
    fc.assert(
      fc.property(keys, key, uses, fc.nat(6000), (before, added, used, maxBytes) => {
        const after = withToken(named(before), added, living(60), AT, (each) => used[each] ?? 0, maxBytes)
        expect(after[added]).toBeDefined()
        expect(jsonBytes(after) <= maxBytes || Object.keys(after).length === 1).toBe(true)
      }),
    )
  })

  it('uses the bytes that it may use: no token goes that had room', () => {
    const before = named(['a', 'b', 'c'])
    const all = withToken(before, 'd', living(300), AT)
    const braces = 8
    expect(withToken(before, 'd', living(300), AT, undefined, jsonBytes(all) + braces)).toEqual(all)
  })
})

it('jsonBytes: counts bytes, not characters', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
      expect(jsonBytes(value)).toBe(Buffer.byteLength(JSON.stringify(value)))
    }),
  )
})
