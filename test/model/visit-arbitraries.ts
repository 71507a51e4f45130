import * as fc from 'fast-check'
import type { Visit } from './plan.ts'

export const visit = fc.record<Visit>({
  phase: fc.nat(1),
  atMs: fc.oneof({ weight: 3, arbitrary: fc.nat(30) }, fc.nat(1500)),
  process: fc.nat(3),
  session: fc.nat(1),
  resource: fc.constantFrom('', '', 'https://orders.test'),
  act: fc.constant('token'),
  abortMs: fc.constant(Infinity),
  travelMs: fc.constant(0),
  thinkMs: fc.constant(0),
  responseMs: fc.constant(0),
})
const reshape = (
  base: fc.Arbitrary<Visit>,
  changes: Partial<{ [K in keyof Visit]: fc.Arbitrary<Visit[K]> }>,
) => fc.tuple(base, fc.record(changes)).map(([visited, changed]) => Object.assign({}, visited, changed))

export const impatient = reshape(visit, { abortMs: fc.constantFrom(Infinity, Infinity, -1, 0, 20, 200) })
export const rejecting = reshape(visit, { act: fc.constantFrom('token', 'reject') })
export const ending = reshape(visit, { act: fc.constantFrom('logout', 'revoke') })
export const consenting = reshape(visit, {
  act: fc.constantFrom('logout', 'connect', 'connect_again', 'connect_other'),
})
/** Requests and responses overtake each other, responses get lost, handlers take their time. */
export const rough = reshape(visit, {
  phase: fc.nat(2),
  travelMs: fc.constantFrom(0, 0, 300, 20_000, 60_000),
  thinkMs: fc.constantFrom(0, 0, 700, 10_000, 170_000),
  responseMs: fc.constantFrom(0, 0, 500, 20_000, Infinity),
})

/** Some visits of a kind, among others. */
export const few = (item: fc.Arbitrary<Visit>, others: fc.Arbitrary<Visit> = visit) =>
  fc
    .tuple(fc.array(item, { minLength: 1, maxLength: 3 }), fc.array(others, { minLength: 2, maxLength: 6 }))
    .map((both) => both.flat())
