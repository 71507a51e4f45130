import * as fc from 'fast-check'
import type { AnswerFault, Plan, Profile, Stop, StoreFault, Visit } from './plan.ts'

/** Longer than any run, and no longer than a clock may be wrong. */
const DAY_SECONDS = 86_400
const NEVER: fc.Arbitrary<never[]> = fc.constant([])
const some = <T>(item: fc.Arbitrary<T>, maxLength: number) => fc.array(item, { minLength: 1, maxLength })

const visit = fc.record<Visit>({
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

const impatient = reshape(visit, { abortMs: fc.constantFrom(Infinity, Infinity, -1, 0, 20, 200) })
const rejecting = reshape(visit, { act: fc.constantFrom('token', 'reject') })
const ending = reshape(visit, { act: fc.constantFrom('logout', 'revoke') })
const consenting = reshape(visit, {
  act: fc.constantFrom('logout', 'connect', 'connect_again', 'connect_other'),
})
/** Requests and responses overtake each other, responses get lost, handlers take their time. */
const rough = reshape(visit, {
  phase: fc.nat(2),
  travelMs: fc.constantFrom(0, 0, 300, 20_000, 60_000),
  thinkMs: fc.constantFrom(0, 0, 700, 10_000, 170_000),
  responseMs: fc.constantFrom(0, 0, 500, 20_000, Infinity),
})

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
const stops = some(stop, 2)
/** A stopped process continues while another process refreshes. */
const takeovers = {
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
const answers = some(
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
const lateMs = fc.constantFrom(1500, 2500, 10_200, 10_600, 12_000, 40_000, 63_000, 70_000)
const storeFaults = some(
  fc.record({
    nth: fc.nat(40),
    times: fc.constantFrom(1, 1, 2, 6),
    fault: fc.constantFrom<StoreFault>('down', 'answer_lost', 'late', 'swap_lost', 'hangs'),
  }),
  3,
)
const outage = fc.record({ nth: fc.nat(2), forMs: fc.constantFrom(300, 3000, 20_000, 45_000) })
/** The longer gaps leave all behind that is kept for late requests; in the shorter ones a token stays good. */
const gap = fc.constantFrom(150, 1300, 10_000)
const long = {
  gaps: fc.array(gap, { minLength: 2, maxLength: 2 }),
  lifetimeSeconds: fc.constantFrom(60, 300),
  idleTimeoutSeconds: fc.constant(DAY_SECONDS),
}
const slow = fc.array(fc.oneof(fc.nat(40), fc.constantFrom(0, 400, 450)), { minLength: 1, maxLength: 8 })
const seconds = fc.constantFrom(0, 30, -30, 300, -300, 86_400, -86_400)
const clocks = fc.array(seconds, { minLength: 2, maxLength: 4 })
const jumps = fc.array(fc.record({ process: fc.nat(3), atMs: fc.nat(1500), seconds }), { maxLength: 2 })
const few = (item: fc.Arbitrary<Visit>, others: fc.Arbitrary<Visit> = visit) =>
  fc.tuple(some(item, 3), fc.array(others, { minLength: 2, maxLength: 6 })).map((both) => both.flat())
const maybe = <T>(arbitrary: fc.Arbitrary<readonly T[]>) => fc.oneof(NEVER, arbitrary)

/** No process notices that it was suspended while its wall clock was set back. */
const awake = <P extends Pick<Plan, 'jumps' | 'stops'>>(plan: P): P =>
  plan.jumps.length === 0
    ? plan
    : { ...plan, stops: plan.stops.map((each) => ({ ...each, suspended: false })) }

const connected = { ...calm, kind: fc.constant<Plan['kind']>('connection') }

/** The same families, for stored connections. */
const connections = {
  'connections calm': fc.record(connected),
  'connections stops': fc.record({ ...connected, stops, jumps: maybe(jumps), latencies: slow }).map(awake),
  'connections takeovers': fc.record({ ...connected, ...takeovers, latencies: slow }),
  'connections answers': fc.record({ ...connected, answers, lateMs, latencies: slow }),
  'connections store': fc.record({ ...connected, storeFaults }),
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
