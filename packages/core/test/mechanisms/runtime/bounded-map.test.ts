import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  createSharedMaps,
  createBoundedMap,
  createRecentMap,
} from '../../../src/mechanisms/runtime/bounded-map.ts'

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

it('a recent map holds the keys that were used last, and no more than it may', () => {
  const uses = fc.array(fc.tuple(fc.boolean(), fc.nat(9), fc.nat()))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), uses, (limit, entries) => {
      const map = createRecentMap<number, number>(limit)
      let model: (readonly [number, number])[] = []
      for (const [isWrite, key, value] of entries) {
        const known = model.find((entry) => entry[0] === key)
        const used = isWrite ? ([key, value] as const) : known
        if (isWrite) map.set(key, value)
        else expect(map.get(key)).toBe(known?.[1])
        if (used) model = [...model.filter((entry) => entry[0] !== key), used].slice(-limit)
      }
      for (let key = 0; key < 10; key++) expect(map.get(key)).toBe(new Map(model).get(key))
    }),
  )
})

it('maps that share their entries keep one number of them together, and see only their own', () => {
  const create = createSharedMaps()
  const maps = Array.from({ length: 10 }, () => create<number>('records', 3))
  maps.forEach((map, i) => map.set(`key-${i}`, i))
  const seen = maps.map((map) =>
    maps.map((_, i) => map.get(`key-${i}`)).filter((value) => value !== undefined),
  )
  expect(seen).toEqual([[], [], [], [], [], [], [], [7], [8], [9]])
  expect(create<number>('other', 3).get('key-9')).toBeUndefined()
})
