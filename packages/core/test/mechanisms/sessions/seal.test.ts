import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createSeal, type Seal } from '../../../src/mechanisms/sessions/seal.ts'
import { SECRET } from '../bench.ts'

const OLD = 'an older secret of 32 characters, or more'
const OLDEST = 'the oldest secret of 32 characters, or more'
const seal = createSeal([SECRET], 'session')
const value = { id: 'x', tokens: { '': { value: 'canary' } }, list: [1, 'ü', null, true] }

async function rejection(sealed: string, by: Seal = seal): Promise<string | undefined> {
  const result = await by.unseal(sealed)
  return 'rejected' in result ? result.rejected : undefined
}

describe('seal', () => {
  it('returns every JSON object', async () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true, maxKeys: 4 })
    await fc.assert(
      fc.asyncProperty(object, async (whatever) => {
        const known = JSON.parse(JSON.stringify(whatever)) as object
        expect(await seal.unseal(await seal.seal(known))).toEqual({ value: known })
      }),
      { numRuns: 50 },
    )
  })

  it('makes another text every time, of characters for a cookie, that shows nothing', async () => {
    const [one, other] = [await seal.seal(value), await seal.seal(value)]
    expect(one).not.toBe(other)
    expect(one).toMatch(/^[\w*.-]+$/)
    expect(
      one
        .split('*')
        .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
        .join(),
    ).not.toContain('canary')
  })

  it('has the same key names for the same secrets in another order, and other names for another purpose', async () => {
    const namesOf = (secrets: [string, ...string[]], purpose = 'session') =>
      createSeal(secrets, purpose).keyIds()
    const names = await namesOf([SECRET, OLD])
    expect(names).toHaveLength(2)
    expect(await namesOf([OLD, SECRET, OLD])).toEqual(names)
    for (const other of [await namesOf([OLD]), await namesOf([SECRET, OLD], 'cookie')])
      expect(other).not.toEqual(names)
  })

  it('opens seals of an earlier version: keys and format never change', async () => {
    const sealed =
      'e1*Fe26.2*_kPDXqIr**GiSL6kNeqB02D0-gkgB3vg*Qbdy9sfVLDDLi7JPSE3xWQ***zZPphY-EtoOuyG2dxd5946TVmT80QtsjhU304K7ynSI'
    const golden = createSeal(['golden secret 6.................'], 'session')
    expect(await golden.unseal(sealed)).toEqual({ value: { golden: 1 } })
  })

  it('derives its keys once, from the secrets', async () => {
    const spy = vi.spyOn(crypto.subtle, 'deriveBits')
    const fresh = createSeal([SECRET, OLD], 'once')
    const sealed = await fresh.seal(value)
    for (let i = 0; i < 5; i++) await fresh.unseal(sealed)
    expect(spy).toHaveBeenCalledTimes(6)
    spy.mockRestore()
  })

  it('S32: the newest key seals, all of them open', async () => {
    const before = createSeal([OLDEST], 'session')
    const between = createSeal([OLD, OLDEST], 'session')
    const after = createSeal([SECRET, OLD, OLDEST], 'session')
    for (const earlier of [before, between])
      expect(await after.unseal(await earlier.seal(value))).toEqual({ value, isOld: true })
    expect(await after.unseal(await after.seal(value))).toEqual({ value })
    expect(await createSeal([SECRET], 'session').unseal(await after.seal(value))).toEqual({ value })
    expect(await rejection(await after.seal(value), between)).toBe('unknown_key')
    const reordered = createSeal([OLDEST, SECRET], 'session')
    expect(await reordered.unseal(await after.seal(value))).toEqual({ value, isOld: true })
  })

  it('S32: a retired key and a seal for another purpose are unknown keys', async () => {
    expect(await rejection(await createSeal([OLD], 'session').seal(value))).toBe('unknown_key')
    expect(await rejection(await createSeal([SECRET], 'login').seal(value))).toBe('unknown_key')
  })

  it('S32: does not open after a change of any character', async () => {
    const sealed = await seal.seal({ a: 1 })
    for (let i = 0; i < sealed.length; i++) {
      for (const other of ['A', 'B', '_', '*', '=', '.', ' ', 'é', '']) {
        const tampered = sealed.slice(0, i) + other + sealed.slice(i + 1)
        if (tampered !== sealed)
          expect(await rejection(tampered)).toMatch(/^(?:malformed|tampered|unknown_key)$/)
      }
    }
  })

  it('S32: an inserted, a cut or a swapped piece opens nothing', async () => {
    const sealed = await seal.seal(value)
    const parts = sealed.split('*')
    for (let i = 0; i < parts.length; i++) {
      const extended = parts.with(i, `${parts[i]}A`).join('*')
      const swapped = parts.with(i, parts[(i + 1) % parts.length] ?? '').join('*')
      for (const tampered of [
        extended,
        swapped,
        parts.toSpliced(i, 1).join('*'),
        parts.slice(0, i).join('*'),
      ]) {
        if (tampered !== sealed) expect(await rejection(tampered)).toBeDefined()
      }
    }
    for (let end = 1; end < sealed.length; end += 7)
      expect(await rejection(sealed.slice(0, -end))).toBeDefined()
  })

  it('S32: has one spelling: the bits that base64 spares at the end of the MAC are not free', async () => {
    const sealed = await seal.seal(value)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const last of alphabet) {
      const other = sealed.slice(0, -1) + last
      if (other !== sealed) expect(await rejection(other)).toBeDefined()
    }
    for (const padded of [`${sealed}=`, `${sealed}\n`, ` ${sealed}`])
      expect(await rejection(padded)).toBe('malformed')
  })

  it('S32: reports a tampered seal, in the ciphertext and in the expiry', async () => {
    const sealed = await seal.seal(value)
    const middle = Math.floor(sealed.length / 2)
    const flipped = sealed.slice(0, middle) + (sealed[middle] === 'A' ? 'B' : 'A') + sealed.slice(middle + 1)
    expect(await rejection(flipped)).toBe('tampered')
    const [one, other] = [sealed.split('*'), (await seal.seal(value)).split('*')]
    expect(await rejection(one.with(5, other[5] ?? '').join('*'))).toBe('tampered')
    expect(await rejection(one.with(6, '1').join('*'))).toMatch(/malformed|tampered/)
    expect(await rejection(sealed.replace('e1*', 'e2*'))).toBe('malformed')
    expect(await rejection(sealed.slice('e1*'.length))).toBe('malformed')
    expect(await rejection(sealed.replace('Fe26.2', 'Fe26.1'))).toBe('malformed')
  })

  it('never throws for any input', async () => {
    const pieces = fc.array(fc.constantFrom('e1', 'Fe26.2', '*', '__proto__', 'constructor', 'A'.repeat(43)))
    const text = fc.oneof(
      fc.string(),
      pieces.map((some) => some.join('')),
    )
    await fc.assert(
      fc.asyncProperty(text, async (sent) => {
        expect(await rejection(sent)).toBeDefined()
      }),
    )
  })
})
