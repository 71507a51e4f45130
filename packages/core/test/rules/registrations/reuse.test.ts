import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entra } from '../../../src/providers/entra.ts'
import { decideReuse, isSameRegistration } from '../../../src/rules/registrations/reuse.ts'

const states = fc.option(fc.record({ ageMs: fc.nat(), freshMs: fc.nat() }), { nil: undefined })

describe('decideReuse', () => {
  it('uses what it knows while it is fresh, or while the load fails', () => {
    fc.assert(
      fc.property(states, fc.boolean(), (known, isPaused) => {
        const step = decideReuse(known, isPaused)
        // A caller with a known registration is never refused, and one without never gets any.
        expect(['load', 'refuse'].includes(step)).toBe(known === undefined)
        // No load starts during a pause, and none before the time is over.
        if (isPaused) expect(['use', 'refuse']).toContain(step)
        else if (known) expect(step).toBe(known.ageMs < known.freshMs ? 'use' : 'reload')
      }),
    )
  })
})

describe('isSameRegistration', () => {
  const plain = fc.dictionary(fc.string(), fc.jsonValue())

  it('is true for a copy, and false if a member differs', () => {
    fc.assert(
      fc.property(plain, fc.string(), fc.jsonValue(), (one, name, value) => {
        expect(isSameRegistration(one, structuredClone(one), [])).toBe(true)
        const changed = { ...one, [name]: { value } }
        const isEqual = JSON.stringify(one[name]) === JSON.stringify({ value }) && name in one
        expect(isSameRegistration(one, changed, [])).toBe(isEqual)
        expect(isSameRegistration(changed, one, [])).toBe(isEqual)
      }),
    )
  })

  const symbol = Symbol('a value of Evertoken')
  it.each<[string, object, object, boolean]>([
    ['functions that are looked up at each call', { fetch: () => 1 }, { fetch: () => 2 }, true],
    ['a function and a string', { fetch: () => 1 }, { fetch: 'x' }, false],
    ['other functions', { claims: () => 1 }, { claims: () => 1 }, false],
    ['functions in an object', { server: { fetch: () => 1 } }, { server: { fetch: () => 1 } }, false],
    ['values whose content is hidden', { key: { [symbol]: () => 1 } }, { key: { [symbol]: () => 1 } }, false],
    ['objects of a class', { at: new Date(0) }, { at: new Date(0) }, false],
    ['a missing and an undefined member', { scope: undefined }, { resource: undefined }, false],
    ['lists', { resource: ['a', 'b'] }, { resource: ['a', 'b'] }, true],
    ['a preset', { server: entra({ tenant: 'a' }) }, { server: entra({ tenant: 'a' }) }, true],
    ['a list and an object', { resource: ['a'] }, { resource: { 0: 'a' } }, false],
  ])('%s', (_what, one, other, expected) => {
    expect(isSameRegistration(one, other, ['fetch'])).toBe(expected)
  })
})
