// Each mutant is the refresher with one mistake that somebody could make. The model has to tell.
const REFRESHER = 'mechanisms/refresher.ts'
const OUTCOME = 'mechanisms/refresh-outcome.ts'
const FAILURE = 'mechanisms/refresh-failure.ts'
const REQUEST = 'mechanisms/request-session.ts'
const GENERATIONS = 'mechanisms/generations.ts'
const STORED_CELL = 'mechanisms/stored-cell.ts'
const COOKIE_CELL = 'mechanisms/cookie-cell.ts'
const SWAPS = 'mechanisms/swap-until-won.ts'
const RECORD = 'rules/session-record.ts'
const SETTLE = 'rules/settle.ts'

const CLAIM = 'const claimed = await cell.swap(snapshot, withClaim(snapshot.record, by))'
const JOIN = 'flights.join(cell.key, demand.key, () => fly(cell, demand))'
const VERDICT = 'const verdict = settle(now?.record, sent)'
const END = 'if (await swap(last, ended(last.record, reason))) return last.record'
const REMOVE = '{\n          await vault.remove(key)\n          return last.record\n        }'
const ALONE = [JOIN, '{ result: fly(cell, demand), joined: false }']
const UNCLAIMED = [CLAIM, 'const claimed = { record: withClaim(snapshot.record, by) }']

/** Claims whatever stands there by now, and sends the refresh token that was read before. */
const CLAIM_LATER = `let claimed = await cell.swap(snapshot, withClaim(snapshot.record, by))
    while (!claimed) {
      const again = await cell.read()
      if (!again) return undefined
      if (again.record.claim) await clock.sleep(POLL_MS)
      else claimed = await cell.swap(again, withClaim(again.record, by))
    }`

/** By name: the scenarios in which the mistake should show soonest, and the edits by file. */
export const mutants = {
  'no claim': [['calm'], { [REFRESHER]: [UNCLAIMED, ALONE] }],
  'single flight without claim': [['calm'], { [REFRESHER]: [UNCLAIMED] }],
  'claim without re-read': [['calm'], { [REFRESHER]: [[CLAIM, CLAIM_LATER]] }],
  'blind write': [['stops'], { [OUTCOME]: [[VERDICT, "const verdict = now ? 'write' : 'revoke'"]] }],
  'persist only while the claim is held': [
    ['stops'],
    {
      [OUTCOME]: [
        [
          VERDICT,
          "const verdict = now?.record.claim?.attempt === sent.attempt ? settle(now.record, sent) : 'adopt'",
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
          `if (await swap(last, ended(last.record, reason))) {
          if (inStoreAlone) await vault.remove(key)
          return last.record
        }`,
        ],
      ],
      [REFRESHER]: [['return { answer, refreshToken,', 'return { snapshot: claimed, answer, refreshToken,']],
      [OUTCOME]: [
        [
          'const now = await cell.last()\n    const verdict',
          'const now = (await cell.last()) ?? { ...sent.snapshot, sealed: undefined }\n    const verdict',
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
      'surface/bound-session.ts': [
        ['rejected, beforeRefresh, keepAlive })', 'rejected, beforeRefresh, keepAlive, signal })'],
      ],
      [REFRESHER]: [
        [
          'const snapshot = await cell.read()\n      const next',
          'demand.signal?.throwIfAborted()\n      const snapshot = await cell.read()\n      const next',
        ],
      ],
    },
  ],
  'flight keyed by token key alone': [
    ['calm'],
    { [REFRESHER]: [[JOIN, "flights.join('', demand.key, () => fly(cell, demand))"]] },
  ],
  'losing branch revoked': [
    ['stops'],
    {
      [OUTCOME]: [
        [
          "if (verdict === 'adopt') return undefined",
          "if (verdict === 'adopt') return void (await revoke(cell, grant))",
        ],
      ],
    },
  ],
  'claim lapses by the wall clock': [
    ['clocks'],
    {
      [REFRESHER]: [
        ['const now = clock.elapsed()', 'const now = clock.now() * 1000'],
        ['Math.min(now - lookedAt, MAX_LOOK_MS)', 'now - lookedAt'],
      ],
    },
  ],
  'own pause counted as watching': [
    ['stops'],
    { [REFRESHER]: [['Math.min(now - lookedAt, MAX_LOOK_MS)', 'now - lookedAt']] },
  ],
  'no fence before the send': [
    ['stops'],
    { [REFRESHER]: [['clock.elapsed() - claimedAt > SEND_WITHIN_MS', 'false']] },
  ],
  'claim lapses before the answer can be written': [
    ['stops'],
    { [REFRESHER]: [[' + PERSIST_WITHIN_MS', '']] },
  ],
  'invalid_grant ends without re-read': [
    ['stops'],
    { [OUTCOME]: [["settleRejection(record, sent) === 'again'", 'false']] },
  ],
  'session ended although another attempt runs': [
    ['takeovers'],
    { [SETTLE]: [['unchanged && record.attempt === mine.attempt', 'unchanged']] },
  ],
  'end given up after a lost swap': [
    ['answers'],
    {
      [SWAPS]: [['if (snapshot) return snapshot', 'return snapshot']],
    },
  ],
  'release drops the claim of another': [
    ['takeovers'],
    {
      [FAILURE]: [['if (record.claim?.attempt !== sent.attempt) return undefined', '']],
    },
  ],
  'strict retry in the same flight': [
    ['answers'],
    {
      [FAILURE]: [["if (reuse === 'strict') return false", "if (reuse === 'strict') return true"]],
    },
  ],
  'doubt forgotten at a takeover': [['stops'], { [RECORD]: [['? withDoubt(next) : next', '? next : next']] }],
  'doubt forgotten after a failure': [
    ['answers'],
    { [FAILURE]: [['? withDoubt(next) : next', '? next : next']] },
  ],
  'doubt forgotten when a late answer is written': [
    ['stops'],
    { [OUTCOME]: [['? granted : withDoubt(granted)', '? granted : granted']] },
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
      [RECORD]: [
        ['inDoubt: undefined,', 'inDoubt: undefined,\n    caughtUp: record.caughtUp,'],
        ['claim: { attempt, by }, caughtUp: undefined', 'claim: { attempt, by }'],
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
  'claim in the store not seen beside the cookie': [
    ['calm'],
    {
      [COOKIE_CELL]: [['held.generation >= carried.generation', 'held.generation > carried.generation']],
    },
  ],
  'rejected token served again': [
    ['rejections'],
    { 'rules/decide.ts': [['if (token.value !== want.rejected) {', 'if (token.value) {']] },
  ],
  'session over by a wrong clock': [
    ['clocks'],
    {
      [OUTCOME]: [
        [
          'const now = await cell.last()\n    const verdict',
          'const now = await cell.read()\n    const verdict',
        ],
      ],
    },
  ],
  'use brings the end nearer': [['clocks'], { [RECORD]: [['Math.max(record.touchedAt, now)', 'now']] }],
  'cool-down by a wrong clock obeyed': [
    ['everything'],
    { 'rules/cool-down.ts': [[' && pause <= coolDown.seconds', '']] },
  ],
  'no last look after a pause': [
    ['stops'],
    { 'mechanisms/deadline.ts': [['if (!signal.aborted) await clock.sleep(LAST_LOOK_MS, signal)', '']] },
  ],
  'looks at the store less and less often': [
    ['waits'],
    { [REFRESHER]: [['Math.min(pollMs * 1.5, MAX_POLL_MS)', 'pollMs * 2']] },
  ],
  'rejected token sent along': [
    ['rejections'],
    {
      [REFRESHER]: [
        [
          'server.refresh(refreshToken, demand.request, claims)',
          'server.refresh(refreshToken, { ...demand.request, rejected: demand.rejected }, claims)',
        ],
      ],
    },
  ],
  'work begun for a caller who has gone': [
    ['everything'],
    {
      'surface/bound-session.ts': [
        ['would end the process.\n      signal?.throwIfAborted()', ''],
        ['return new Promise((resolve', 'signal.throwIfAborted()\n  return new Promise((resolve'],
      ],
    },
  ],
}
