import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  areAuthorizationDetails,
  areGranted,
  detailTypes,
  readAuthorizationDetails,
} from '../../../src/rules/protocol/authorization-details.ts'

const detail = fc.record({ type: fc.constantFrom('a', 'b', 'c'), amount: fc.string() })

it('RFC 9396 §7: details are granted if, and only if, each requested type is', () => {
  fc.assert(
    fc.property(fc.array(detail), fc.array(detail), (requested, granted) => {
      const types = detailTypes(JSON.stringify(requested))
      expect(new Set(types)).toEqual(new Set(requested.map(({ type }) => type)))
      const isComplete = requested.every(({ type }) => granted.some((each) => each.type === type))
      expect(areGranted(types, readAuthorizationDetails(granted))).toBe(isComplete)
    }),
  )
  expect(areGranted(['a'], undefined)).toBe(false)
  expect(areGranted([], undefined)).toBe(true)
})

it('whatever a server or an application sends, nothing throws, and each detail has a type', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (value, text) => {
      for (const each of readAuthorizationDetails(value) ?? []) expect(each.type).toEqual(expect.any(String))
      expect(detailTypes(text)).toBeInstanceOf(Array)
      expect(areAuthorizationDetails(value)).toEqual(expect.any(Boolean))
    }),
  )
  expect(detailTypes(null)).toEqual([])
})
