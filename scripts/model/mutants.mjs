// Each mutant is the refresher with one mistake that a developer could make. The model must notice it.
const REFRESHER = 'mechanisms/refresh/refresher.ts'
const FLIGHT = 'mechanisms/refresh/flight.ts'
const EXCHANGE = 'mechanisms/refresh/exchange.ts'
const SEND = 'mechanisms/refresh/send.ts'
const KEEP_LEASE = 'mechanisms/refresh/keep-lease.ts'
const LEASE = 'mechanisms/refresh/lease.ts'
const PERSIST = 'mechanisms/refresh/persist.ts'
const RETRY_STORE = 'mechanisms/refresh/persist.ts'
const FAILURE = 'mechanisms/refresh/failure.ts'
const SERVER_CLOCK = 'mechanisms/protocol/server-clock.ts'
const HTTP = 'mechanisms/protocol/http.ts'
const REQUEST = 'mechanisms/sessions/request-session.ts'
const GENERATIONS = 'mechanisms/sessions/generations.ts'
const STORED_CELL = 'mechanisms/sessions/stored-cell.ts'
const COOKIE_CELL = 'mechanisms/sessions/cookie-sessions.ts'
const SWAPS = 'mechanisms/sessions/stored-cell.ts'
const RECORD = 'model/session-record.ts'
const TRANSITIONS = 'model/ledger-transitions.ts'
const DECIDE = 'rules/refresh/decide.ts'
const SETTLE = 'rules/refresh/settle.ts'
const SECOND_SEND = 'rules/refresh/second-send.ts'
const FRESHNESS = 'rules/refresh/freshness.ts'

const TAKE = 'const snapshot = await cell.swap(from, withLease(from.record, holder, isUnsent))'
const JOIN = 'flights.join(cell.key, call.key, () => fly(cell, demandOf(cell, call)), clock)'
const SETTLEMENT = 'const settlement = settle(now?.record, attempt, grant.refreshToken !== undefined)'
const END = 'const tombstone = await swap(now, endedUnfinished(now.record, reason, revoke))'
const REMOVE = '{\n          await vault.remove(key)\n          return endedAs(now.record, now)\n        }'
const ALONE = [JOIN, '{ result: fly(cell, demandOf(cell, call)), joined: false, since: clock.elapsed() }']
const UNLEASED = [TAKE, 'const snapshot = { ...from, record: withLease(from.record, holder, isUnsent) }']

/** Takes the lease of the record as it is by now, and sends the refresh token that was read before. */
const TAKE_LATER = `let snapshot = await cell.swap(from, withLease(from.record, holder, isUnsent))
        while (!snapshot) {
          const again = await cell.read()
          if (!again) return 'again'
          if (again.record.lease) await clock.sleep(20)
          else snapshot = await cell.swap(again, withLease(again.record, holder))
          snapshot &&= { ...snapshot, record: { ...snapshot.record, refreshToken: from.record.refreshToken } }
        }`

/** By name: the scenarios in which the mistake should show soonest, and the edits by file. */
export const mutants = {
  'no lease': [['calm'], { [LEASE]: [UNLEASED], [REFRESHER]: [ALONE] }],
  'single flight without lease': [['calm'], { [LEASE]: [UNLEASED] }],
  'lease without re-read': [['calm'], { [LEASE]: [[TAKE, TAKE_LATER]] }],
  'blind write': [['stops'], { [PERSIST]: [[SETTLEMENT, "const settlement = now ? 'write' : 'revoke'"]] }],
  'persist only while the lease is held': [
    ['stops'],
    {
      [PERSIST]: [
        [
          SETTLEMENT,
          "const settlement = now?.record.lease?.attempt === attempt.attempt ? settle(now.record, attempt, true) : 'adopt'",
        ],
      ],
    },
  ],
  'create on missing record': [
    ['endings'],
    {
      [STORED_CELL]: [
        [
          END,
          `${END}
        if (tombstone && inStoreAlone) await vault.remove(key)`,
        ],
      ],
      [PERSIST]: [
        [
          'now ??= await cell.last()',
          'now ??= (await cell.last()) ?? (leased && { ...leased, sealed: undefined })',
        ],
        [
          '  known: Snapshot | undefined,\n',
          '  known: Snapshot | undefined,\n  leased: Snapshot | undefined,\n',
        ],
        [
          'persistOnce(cell, attempt, grant, from, context)',
          'persistOnce(cell, attempt, grant, known, leased, context)',
        ],
      ],
    },
  ],
  'whole session written back': [
    ['calm', 'endings'],
    {
      [REQUEST]: [
        [
          'await kept.swap(now, touched(record, clock.now()))',
          'await kept.swap({ ...now, sealed: (await kept.kept())?.sealed }, touched(record, clock.now()))',
        ],
      ],
    },
  ],
  'abort of the first caller cancels the flight': [
    ['calm'],
    {
      'surface/bound-session.ts': [['keepAlive, background }', 'keepAlive, background, signal }']],
      [FLIGHT]: [
        [
          'const state = lease.look(snapshot?.record.lease)',
          'demand.signal?.throwIfAborted()\n        const state = lease.look(snapshot?.record.lease)',
        ],
      ],
    },
  ],
  'flight keyed by token key alone': [
    ['calm'],
    { [REFRESHER]: [[JOIN, "flights.join('', call.key, () => fly(cell, demandOf(cell, call)), clock)"]] },
  ],
  'losing branch revoked': [
    ['stops'],
    {
      [PERSIST]: [
        [
          "if (settlement === 'adopt') return 'again'",
          "if (settlement === 'adopt') {\n      await giveUp(cell, grant, now, context)\n      return 'again'\n    }",
        ],
      ],
    },
  ],
  'lease lapses by the wall clock': [
    ['clocks'],
    {
      [LEASE]: [
        ['const now = clock.elapsed()', 'const now = clock.now() * 1000'],
        ['Math.min(now - lookedAt, MAX_LOOK_MS)', 'now - lookedAt'],
      ],
    },
  ],
  'own pause counted as watching': [
    ['stops'],
    { [LEASE]: [['Math.min(now - lookedAt, MAX_LOOK_MS)', 'now - lookedAt']] },
  ],
  'no fence before the send': [
    ['stops'],
    {
      [LEASE]: [
        [
          'const isSafe = passedMs <= limitMs && (passedMs <= LONG_SWAP_MS ||',
          'const isSafe = passedMs >= 0 || (passedMs < 0 &&',
        ],
      ],
    },
  ],
  'fence by the monotonic clock alone': [
    ['stops'],
    {
      [LEASE]: [
        [
          'Math.max(clock.elapsed() - startedAt, (clock.now() - startedAtWall) * 1000)',
          'clock.elapsed() - startedAt',
        ],
      ],
    },
  ],
  'request aborted at the time-out': [
    ['answers'],
    { [HTTP]: [['LISTEN_MS = 65_000', 'LISTEN_MS = 10_000']] },
  ],
  'no beat': [
    ['answers'],
    { [KEEP_LEASE]: [['sender.leased = (await lease.beat(now)) ?? sender.leased', '']] },
  ],
  'beat does not restart the watch': [
    ['answers'],
    { [LEASE]: [['`${lease.attempt} ${lease.beat}`', '`${lease.attempt}`']] },
  ],
  'callers wait for as long as the response takes': [
    ['answers'],
    { [REFRESHER]: [['serverTimeoutMs - clock.elapsed()', 'serverTimeoutMs + 1e9']] },
  ],
  'lease lapses early on strict servers': [
    ['stops', 'takeovers'],
    { [DECIDE]: [['STRICT_LAPSE_SECONDS = 20', 'STRICT_LAPSE_SECONDS = 8']] },
  ],
  'takeover while the access token works': [
    ['stops', 'takeovers'],
    { [DECIDE]: [["(lease !== undefined && state === 'lapsed')", 'false']] },
  ],
  'second send on strict servers': [
    ['answers'],
    {
      [SECOND_SEND]: [
        ["reuse === 'strict' || sends", 'sends'],
        ["reuse === 'tolerant'", "typeof reuse === 'string'"],
      ],
    },
  ],
  'second send without a pause': [
    ['answers'],
    { [SECOND_SEND]: [["return sinceLastMs >= serverTimeoutMs ? 'yes' : 'no'", "return 'yes'"]] },
  ],
  'second send although a response has come': [
    ['takeovers', 'answers'],
    { [KEEP_LEASE]: [['isTooLate || sender.responses > sender.undecided', 'isTooLate']] },
  ],
  'other responses not listened to': [
    ['answers'],
    {
      [EXCHANGE]: [
        ['if (sender.open.size > 0) demand.keepAlive', 'if (sender.open.size > 9) demand.keepAlive'],
      ],
    },
  ],
  'order by attempt number alone': [
    ['answers'],
    {
      [SETTLE]: [
        ['if (Math.abs(apart) > DATE_TOLERANCE_SECONDS) return apart > 0', ''],
        [
          "return isNewer(used, record.origin) ? 'replace' : 'spare'",
          "return isNewer(used, record.origin) ? 'replace' : 'adopt'",
        ],
      ],
    },
  ],
  'older of two responses not kept': [
    ['answers'],
    {
      [SETTLE]: [["? 'replace' : 'spare'", "? 'replace' : 'adopt'"]],
      [TRANSITIONS]: [['time, capacity), spare }', 'time, capacity) }']],
    },
  ],
  'store given up after 30 seconds': [
    ['outages'],
    { [RETRY_STORE]: [['clock.elapsed() - startedAt > LISTEN_MS', 'clock.elapsed() - startedAt > 30_000']] },
  ],
  'expiry by the wall clock alone': [
    ['clocks'],
    {
      [SERVER_CLOCK]: [['return byWall > monotonic + JUMP_SECONDS ? byWall : monotonic', 'return byWall']],
    },
  ],
  'token served before the time is known': [
    ['clocks'],
    {
      [REFRESHER]: [
        ['return mayHaveExpired(known, serverClock.read()) ? sampling : undefined', 'return undefined'],
      ],
    },
  ],
  'token from the future not noticed': [['clocks'], { [FRESHNESS]: [[' || now < token.obtainedAt', '']] }],
  'time of a slow response believed': [
    ['clocks', 'stops'],
    { [SERVER_CLOCK]: [[' || tripMs > (anchor && !isUncertain() ? QUICK_TRIP_MS : MAX_TRIP_MS)', '']] },
  ],
  'server time compared with a wall clock': [
    ['clocks'],
    { [FRESHNESS]: [['if (ahead === undefined) return wall', 'return wall']] },
  ],
  'session ended although another attempt runs': [
    ['takeovers'],
    { [SETTLE]: [["if (record.attempt !== used.attempt) return 'again'", '']] },
  ],
  'end given up after a lost swap': [
    ['answers'],
    {
      [SWAPS]: [['if (snapshot) return snapshot', 'return snapshot']],
    },
  ],
  'release drops the lease of another': [
    ['takeovers'],
    { [FAILURE]: [['if (record.lease?.holder !== attempt.holder) return undefined', '']] },
  ],
  'strict retry in the same flight': [
    ['answers'],
    { [FAILURE]: [["if (reuse === 'strict') return false", "if (reuse === 'strict') return true"]] },
  ],
  'doubt forgotten at a takeover': [
    ['stops'],
    { [TRANSITIONS]: [['? withDoubt(next) : next', '? next : next']] },
  ],
  'doubt forgotten after a failure': [
    ['answers'],
    { [FAILURE]: [['? withDoubt(next) : next', '? next : next']] },
  ],
  'tombstone left out': [
    ['endings'],
    {
      [STORED_CELL]: [[END, `if (!inStoreAlone) ${REMOVE}\n        ${END}`]],
    },
  ],
  'logout removes without looking': [
    ['endings'],
    {
      [STORED_CELL]: [[END, `if (inStoreAlone) ${REMOVE}\n        ${END}`]],
    },
  ],
  'caught-up flag kept by a refresh': [
    ['browsers'],
    {
      [TRANSITIONS]: [
        ['doubt: undefined,', 'doubt: undefined,\n    caughtUp: record.caughtUp,'],
        ['lease: { attempt, holder, beat: 0 }, caughtUp: undefined', 'lease: { attempt, holder, beat: 0 }'],
      ],
    },
  ],
  'caught up at once': [
    ['browsers'],
    { [GENERATIONS]: [['const CAUGHT_UP_SECONDS = 120', 'const CAUGHT_UP_SECONDS = -1']] },
  ],
  'old news told': [
    ['browsers'],
    { [GENERATIONS]: [['const NEWS_MS = 30_000', 'const NEWS_MS = Infinity']] },
  ],
  'lease in the store not seen beside the cookie': [
    ['calm'],
    {
      [COOKIE_CELL]: [['held.generation >= carried.generation', 'held.generation > carried.generation']],
    },
  ],
  'rejected token served again': [
    ['rejections'],
    { [DECIDE]: [["token.value !== wanted.rejected || state === 'expired'", 'token.value']] },
  ],
  'session over by a wrong clock': [
    ['clocks'],
    {
      [PERSIST]: [
        ['now ??= await cell.last()', 'now ??= await cell.read()'],
        ['let now = known\n', 'let now = undefined as Snapshot | undefined\n'],
      ],
    },
  ],
  'use brings the end nearer': [['clocks'], { [RECORD]: [['Math.max(record.touchedAt, now)', 'now']] }],
  'back-off by a wrong clock obeyed': [
    ['everything'],
    { 'model/back-off.ts': [['left <= backOff.seconds + MAX_DIFFERENCE_SECONDS', 'backOff']] },
  ],
  'looks at the store less and less often': [
    ['waits'],
    { [FLIGHT]: [['Math.min(pauseMs * 1.5, MAX_POLL_MS)', 'pauseMs * 2']] },
  ],
  'rejected token sent along': [
    ['rejections'],
    {
      [SEND]: [
        [
          'server.refresh(refreshToken, request, claims, idToken)',
          'server.refresh(refreshToken, { ...request, rejected }, claims, idToken)',
        ],
      ],
    },
  ],
  'work begun for a caller who has gone': [
    ['everything'],
    {
      'surface/bound-session.ts': [
        ['would end the process.\n        signal?.throwIfAborted()', ''],
        ['return new Promise((resolve', 'signal.throwIfAborted()\n  return new Promise((resolve'],
      ],
    },
  ],
}
