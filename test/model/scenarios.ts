import * as fc from 'fast-check'
import {
  answers,
  awake,
  clocks,
  jumps,
  lateMs,
  maybe,
  NEVER,
  outage,
  slow,
  stops,
  storeFaults,
  takeovers,
  unclearSwaps,
} from './failure-arbitraries.ts'
import type { Plan, Profile } from './plan.ts'
import { consenting, ending, few, impatient, rejecting, rough } from './visit-arbitraries.ts'

/** Longer than any run, and no longer than a clock may be wrong. */
const DAY_SECONDS = 86_400
const calm = {
  profile: fc.constantFrom<Profile>('strict', 'strict', 'strict', 'grace', 'newest', 'tolerant', 'static'),
  revocation: fc.constantFrom<Plan['revocation']>('token', 'grant'),
  kind: fc.constantFrom<Plan['kind']>('server', 'cookie'),
  flights: fc.constantFrom<Plan['flights']>('shared', 'shared', 'solo'),
  serveDuringRefresh: fc.constantFrom(true, true, false),
  sessions: fc.integer({ min: 1, max: 2 }),
  start: fc.constantFrom<Plan['start']>('expired', 'expired', 'soft', 'fresh'),
  gaps: fc.constant([70]),
  lifetimeSeconds: fc.constant(60),
  // With the shorter one, a session is due to be touched while its first token is valid.
  idleTimeoutSeconds: fc.constantFrom(DAY_SECONDS, 450),
  clocks: fc.array(fc.constant(0), { minLength: 3, maxLength: 4 }),
  jumps: NEVER,
  latencies: fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }),
  lateMs: fc.constant(0),
  serverAhead: fc.constantFrom<number | undefined>(0, 0, 3, undefined),
  isMute: fc.constant(false),
  thinkMs: fc.constant(0),
  visits: fc.array(impatient, { minLength: 2, maxLength: 9 }),
  stops: NEVER,
  answers: NEVER,
  storeFaults: NEVER,
} satisfies { [K in keyof Plan]?: fc.Arbitrary<Plan[K]> }

/** A store that is near, and an authorization server that takes its time: many wait, as long as it takes. */
const waits = {
  latencies: fc.array(fc.nat(7), { minLength: 1, maxLength: 8 }),
  thinkMs: fc.integer({ min: 0, max: 900 }),
}

/** The longer gaps leave all behind that is kept for late requests; in the shorter ones a token stays good. */
const gap = fc.constantFrom(150, 1300, 10_000)
const long = {
  gaps: fc.array(gap, { minLength: 2, maxLength: 2 }),
  lifetimeSeconds: fc.constantFrom(60, 300),
  idleTimeoutSeconds: fc.constant(DAY_SECONDS),
}
const connected = { ...calm, kind: fc.constant<Plan['kind']>('connection') }

/** The same families, for stored connections. */
const connections = {
  'connections calm': fc.record(connected),
  'connections stops': fc.record({ ...connected, stops, jumps: maybe(jumps), latencies: slow }).map(awake),
  'connections takeovers': fc.record({ ...connected, ...takeovers, latencies: slow }),
  'connections answers': fc.record({ ...connected, answers, lateMs, latencies: slow }),
  'connections store': fc.record({ ...connected, storeFaults }),
  'connections unclear swaps': fc.record({
    ...connected,
    storeFaults: unclearSwaps,
    visits: few(consenting),
    answers: maybe(answers),
  }),
  'connections consents': fc.record({
    ...connected,
    visits: few(consenting),
    stops: maybe(stops),
    answers: maybe(answers),
    lateMs,
  }),
  'connections everything': fc.record({
    ...connected,
    ...long,
    clocks: fc.oneof(calm.clocks, clocks),
    stops: maybe(stops),
    answers: maybe(answers),
    lateMs,
    storeFaults: maybe(storeFaults),
    visits: few(fc.oneof(rough, rejecting, consenting, impatient)),
  }),
} satisfies Record<string, fc.Arbitrary<Plan>>

/** Families of runs: one kind of failure each, so that its excuses are exact, and all of them together. */
export const scenarios = {
  calm: fc.record(calm),
  waits: fc.record({ ...calm, ...waits }),
  rejections: fc.record({ ...calm, visits: fc.array(rejecting, { minLength: 2, maxLength: 7 }) }),
  stops: fc.record({ ...calm, stops, jumps: maybe(jumps), latencies: slow }).map(awake),
  takeovers: fc.record({ ...calm, ...takeovers, latencies: slow }),
  answers: fc.record({ ...calm, answers, lateMs, latencies: slow }),
  store: fc.record({ ...calm, storeFaults }),
  outages: fc.record({ ...calm, outage, stops: maybe(stops) }),
  endings: fc.record({ ...calm, visits: few(ending), latencies: slow, stops: maybe(stops) }),
  browsers: fc.record({
    ...calm,
    ...long,
    kind: fc.constant<Plan['kind']>('cookie'),
    visits: fc.array(rough, { minLength: 3, maxLength: 9 }),
  }),
  clocks: fc
    .record({
      ...calm,
      clocks,
      jumps,
      isMute: fc.boolean(),
      stops: maybe(stops),
      latencies: slow,
      idleTimeoutSeconds: long.idleTimeoutSeconds,
    })
    .map(awake),
  everything: fc.record({
    ...calm,
    ...long,
    clocks: fc.oneof(calm.clocks, clocks),
    stops: maybe(stops),
    answers: maybe(answers),
    lateMs,
    storeFaults: maybe(storeFaults),
    visits: few(fc.oneof(rough, rejecting, ending, impatient)),
  }),
  ...connections,
} satisfies Record<string, fc.Arbitrary<Plan>>

export type Scenario = keyof typeof scenarios
