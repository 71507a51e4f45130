import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createBoundedMap } from '../../../src/mechanisms/runtime/bounded-map.ts'

it('holds the newest keys, with their latest values, and no more than it may', () => {
  const writes = fc.array(fc.tuple(fc.nat(9), fc.nat()))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), writes, (limit, entries) => {
      const map = createBoundedMap<number, number>(limit)
      const model: [number, number][] = []
      for (const [key, value] of entries) {
        map.set(key, value)
        const known = model.find((entry) => entry[0] === key)
        if (known) known[1] = value
        else model.push([key, value])
        if (model.length > limit) model.shift()
      }
      for (let key = 0; key < 10; key++) expect(map.get(key)).toBe(new Map(model).get(key))
    }),
  )
})
