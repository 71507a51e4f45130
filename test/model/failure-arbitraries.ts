import * as fc from 'fast-check'
import type { AnswerFault, Plan, Stop, StoreFault } from './plan.ts'

export const NEVER: fc.Arbitrary<never[]> = fc.constant([])
export const maybe = <T>(arbitrary: fc.Arbitrary<readonly T[]>) => fc.oneof(NEVER, arbitrary)

const some = <T>(item: fc.Arbitrary<T>, maxLength: number) => fc.array(item, { minLength: 1, maxLength })

const stop = fc.oneof(
  fc.record<Stop>({
    who: fc.constant('one'),
    at: fc.constantFrom('leased', 'leased', 'sent', 'answered', 'persisted'),
    nth: fc.nat(3),
    forMs: fc.constantFrom(900, 1900, 4200, 7000, 13_000, 25_000, 40_000, 70_000, Infinity),
    suspended: fc.boolean(),
  }),
  fc.record<Stop>({
    who: fc.constant('all'),
    at: fc.constantFrom('sent', 'answered'),
    nth: fc.nat(1),
    forMs: fc.constant(40_000),
  }),
)
export const stops = some(stop, 2)
/** A stopped process continues while another process refreshes. */
export const takeovers = {
  stops: some(
    fc.record<Stop>({
      who: fc.constant('one'),
      at: fc.constantFrom('sent', 'answered'),
      nth: fc.nat(1),
      forMs: fc.constantFrom(1900, 9000, 12_000, 21_000, 24_000),
    }),
    3,
  ),
  answers: fc.array(
    fc.record({
      nth: fc.nat(1),
      fault: fc.constantFrom<AnswerFault>('rejected', 'reset_before', 'reset_after', 'silent_before'),
    }),
    { maxLength: 1 },
  ),
}
export const answers = some(
  fc.record({
    nth: fc.nat(4),
    fault: fc.constantFrom<AnswerFault>(
      'refused',
      'busy',
      'misconfigured',
      'rejected',
      'subject_changed',
      'malformed',
      'reset_before',
      'reset_after',
      'silent_before',
      'silent_after',
      'stalled',
      'late',
    ),
  }),
  3,
)
/** Within the time that a response is awaited, and beyond it. */
export const lateMs = fc.constantFrom(1500, 2500, 10_200, 10_600, 12_000, 40_000, 63_000, 70_000)
export const storeFaults = some(
  fc.record({
    nth: fc.nat(40),
    times: fc.constantFrom(1, 1, 2, 6),
    fault: fc.constantFrom<StoreFault>('down', 'answer_lost', 'late', 'swap_lost', 'hangs'),
  }),
  3,
)
/** The store loses the response of a swap, or makes it after the client has read the record again. */
export const unclearSwaps = some(
  fc.record({
    nth: fc.nat(40),
    times: fc.constantFrom(1, 2, 3),
    fault: fc.constantFrom<StoreFault>('answer_lost', 'late', 'late'),
  }),
  4,
)
export const outage = fc.record({ nth: fc.nat(2), forMs: fc.constantFrom(300, 3000, 20_000, 45_000) })
export const slow = fc.array(fc.oneof(fc.nat(40), fc.constantFrom(0, 400, 450)), {
  minLength: 1,
  maxLength: 8,
})
const seconds = fc.constantFrom(0, 30, -30, 300, -300, 86_400, -86_400)
export const clocks = fc.array(seconds, { minLength: 2, maxLength: 4 })
export const jumps = fc.array(fc.record({ process: fc.nat(3), atMs: fc.nat(1500), seconds }), {
  maxLength: 2,
})

/** No process notices that it was suspended while its wall clock was set back. */
export const awake = <P extends Pick<Plan, 'jumps' | 'stops'>>(plan: P): P =>
  plan.jumps.length === 0
    ? plan
    : { ...plan, stops: plan.stops.map((each) => ({ ...each, suspended: false })) }
