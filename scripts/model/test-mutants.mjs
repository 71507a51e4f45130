// Mistakes that the model cannot see, because they need a line, a deploy or a slow store, or that it sees too seldom.
// Tests must notice them.
const FLIGHT = 'mechanisms/refresh/flight.ts'
const LEASE = 'mechanisms/refresh/lease.ts'
const LINE = 'mechanisms/refresh/line.ts'
const DRAIN = 'surface/drain.ts'
const BACK_OFF = 'model/back-off.ts'
const REJECTION = 'mechanisms/refresh/rejection.ts'
const PERSIST = 'mechanisms/refresh/persist.ts'
const SETTLE = 'rules/refresh/settle.ts'
const SERVER_CLOCK = 'mechanisms/protocol/server-clock.ts'
const DEADLINE = 'mechanisms/runtime/deadline.ts'

const HERD = 'test/integration/herd.test.ts'
const LINE_TESTS = 'packages/core/test/mechanisms/line.test.ts'
const LINE_POLLING_TESTS = 'packages/core/test/mechanisms/line-polling.test.ts'
const REFRESHER_LINE_TESTS = 'packages/core/test/mechanisms/refresher-line.test.ts'
const LEASE_TESTS = 'packages/core/test/mechanisms/lease.test.ts'
const BACK_OFF_TESTS = 'packages/core/test/rules/back-off.test.ts'
const REJECTION_TESTS = 'packages/core/test/mechanisms/refresher-rejection.test.ts'
const PERSIST_TESTS = 'packages/core/test/mechanisms/refresher-persist.test.ts'
const SERVER_CLOCK_TESTS = 'packages/core/test/mechanisms/server-clock.test.ts'
const DEADLINE_TESTS = 'packages/core/test/mechanisms/deadline.test.ts'
const DRAIN_TESTS = 'test/integration/drain.test.ts'

const NO_TURN = '{ succeeded() {}, overloaded() {}, leave() {} }'
const FIRST_TURN = 'let turn: Turn | undefined = await line.enter(cell.key)'

/** By name: the test files that must fail, and the edits by file. */
export const testMutants = {
  'no line': [[HERD], { [FLIGHT]: [[FIRST_TURN, `let turn: Turn | undefined = ${NO_TURN}`]] }],
  'line after the lease': [
    [REFRESHER_LINE_TESTS],
    {
      [FLIGHT]: [
        [FIRST_TURN, `let turn: Turn | undefined = ${NO_TURN}`],
        [
          'const done = await exchange(',
          'turn = await line.enter(cell.key)\n        const done = await exchange(',
        ],
      ],
    },
  ],
  'fence by the wall clock alone': [
    [LEASE_TESTS],
    {
      [LEASE]: [
        [
          'Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)',
          '(clock.now() - startedAtWall) * 1000',
        ],
      ],
    },
  ],
  'line does not pause after 429': [
    [LINE_TESTS],
    { [LINE]: [['pausedUntil = Math.max(pausedUntil, clock.elapsed() + seconds * 1000)', '']] },
  ],
  'constant Retry-After': [
    [HERD],
    {
      [LINE]: [
        [
          'const seconds = Math.max(paused, Math.min(places.size / rate, furthest))',
          'const seconds = Math.min(paused, rate, furthest, 1)',
        ],
      ],
    },
  ],
  'estimate far ahead': [
    [LINE_POLLING_TESTS],
    { [LINE]: [['Math.min(places.size / rate, furthest)', 'Math.max(places.size / rate, 0 * furthest)']] },
  ],
  'Retry-After trusted': [
    [BACK_OFF_TESTS],
    {
      [BACK_OFF]: [
        ['retryAfterSeconds = 0, jitter', 'retryAfterSeconds, jitter'],
        ['Math.max(retryAfterSeconds, ownSeconds)', '(retryAfterSeconds ?? ownSeconds)'],
      ],
    },
  ],
  'no jitter in the back-off': [[BACK_OFF_TESTS], { [BACK_OFF]: [[' * (1 + jitter / 4)', '']] }],
  'metadata failures do not back off': [
    [
      'packages/core/test/mechanisms/metadata.test.ts',
      'packages/core/test/mechanisms/protocol-metadata.test.ts',
    ],
    {
      'mechanisms/protocol/metadata-cache.ts': [
        ['if (failure && now() < failure.backOff.until)', 'if (failure && now() < 0)'],
      ],
    },
  ],
  'no wait at stop': [
    ['test/integration/background-refresh.test.ts'],
    { 'mechanisms/sessions/request-session.ts': [['await background.finish(BACKGROUND_MS)', '']] },
  ],
  'drain does not wait': [
    [DRAIN_TESTS],
    { [DRAIN]: [['if (await work.finish(timeoutSeconds * 1000)) return', 'if (timeoutSeconds > 0) return']] },
  ],
  'refreshes start during a drain': [
    [DRAIN_TESTS],
    { [DRAIN]: [['admits: () => !draining', 'admits: () => true || draining']] },
  ],
  'unsent lease forgotten': [[LEASE_TESTS], { [LEASE]: [['unsent.set(holder, true)', '']] }],
  'slow store never sends': [
    [LEASE_TESTS],
    { [LEASE]: [['overruns > 1 ? latestSendMs : SEND_WITHIN_MS', 'SEND_WITHIN_MS']] },
  ],
  'rejections not counted': [
    ['packages/core/test/rules/stored-tokens.test.ts', 'packages/core/test/rules/grant-transitions.test.ts'],
    { 'model/stored-tokens.ts': [['if (replaced.value !== rejected) return', 'return']] },
  ],
  'back-off by the wall clock': [[BACK_OFF_TESTS], { [BACK_OFF]: [['timeFor(backOff, time)', 'time.wall']] }],
  'invalid_grant ends without re-read': [
    [REJECTION_TESTS],
    {
      [REJECTION]: [["if (verdict === 'again' || verdict === 'replaced') return undefined", '']],
      [SETTLE]: [["if (record.refreshToken !== used.refreshToken) return 'replaced'", '']],
    },
  ],
  'doubt forgotten when a late response is written': [
    [PERSIST_TESTS],
    { [PERSIST]: [['isOnly ? granted : withDoubt(granted)', 'granted']] },
  ],
  'no last look after a pause': [
    [DEADLINE_TESTS],
    { [DEADLINE]: [['if (!signal.aborted) await clock.sleep(LAST_LOOK_MS, signal)', '']] },
  ],
  'expiry by the monotonic clock alone': [
    [SERVER_CLOCK_TESTS],
    {
      [SERVER_CLOCK]: [['return byWall > monotonic + JUMP_SECONDS ? byWall : monotonic', 'return monotonic']],
    },
  ],
}
