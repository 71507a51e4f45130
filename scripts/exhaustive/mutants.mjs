// Each mutant is a rule with one mistake that a developer could make. The exhaustive model must find each.
const DECIDE = 'rules/refresh/decide.ts'
const SETTLE = 'rules/refresh/settle.ts'
const TRANSITIONS = 'model/ledger-transitions.ts'
const SECOND_SEND = 'rules/refresh/second-send.ts'
const BACK_OFF = 'model/back-off.ts'

/** By name: the server and the beginning at which the mistake shows, and the edits by file. */
export const mutants = {
  'attempt order only': [
    'newest',
    { [SETTLE]: [['if (Math.abs(apart) > DATE_TOLERANCE_SECONDS) return apart > 0', '']] },
  ],
  'older date wins': ['newest', { [SETTLE]: [['return apart > 0', 'return apart < 0']] }],
  'no spare': ['newest', { [TRANSITIONS]: [['return { ...record, spare }', 'return record']] }],
  'takeover while the access token works': [
    'strict soft',
    { [DECIDE]: [[' && !risksGrant(record, policy, lease) }', ' }']] },
  ],
  'lease of a live process ignored': [
    'strict',
    { [DECIDE]: [["record.lease && lease === 'live' ? 'wait' : 'refresh'", "'refresh'"]] },
  ],
  'lapse after 1 second': [
    'tolerant',
    { [DECIDE]: [['const LAPSE_SECONDS = 8', 'const LAPSE_SECONDS = 1']] },
  ],
  'strict lapse as short as the others': [
    'strict',
    { [DECIDE]: [['const STRICT_LAPSE_SECONDS = 20', 'const STRICT_LAPSE_SECONDS = 8']] },
  ],
  'doubt forgotten at a takeover': [
    'strict',
    { [TRANSITIONS]: [['? withDoubt(next) : next', '? next : next']] },
  ],
  'settle always writes': [
    'newest',
    {
      [SETTLE]: [
        ["if (!rotated || record.origin?.from !== used.from) return 'adopt'", ''],
        ["return isNewer(used, record.origin) ? 'replace' : 'spare'", "return 'write'"],
      ],
    },
  ],
  'settle writes over an ended session': [
    'strict out',
    {
      [SETTLE]: [
        [
          "if (!record || record.ended || record.refreshToken === undefined) return 'revoke'",
          "if (!record) return 'revoke'\n  if (record.ended) return 'write'",
        ],
      ],
    },
  ],
  'rejection ends although replaced': ['newest', { [SETTLE]: [["return 'replaced'", "return 'end'"]] }],
  'rejection ends although another attempt runs': [
    'strict',
    { [SETTLE]: [["if (record.attempt !== used.attempt) return 'again'", '']] },
  ],
  'rejection never waits for a late response': [
    'newest',
    { [SETTLE]: [["return record.doubt === 'unknown' ? 'wait' : 'end'", "return 'end'"]] },
  ],
  'rejection waits for ever': ['newest', { [SETTLE]: [["record.doubt === 'unknown'", 'record.doubt']] }],
  'lease not cleared by a response': [
    'strict',
    {
      [TRANSITIONS]: [
        ['    lease: undefined,\n    doubt: undefined,\n    spare', '    doubt: undefined,\n    spare'],
      ],
    },
  ],
  'strict sends again at the time-out': [
    'strict',
    {
      [SECOND_SEND]: [
        [
          "if (reuse === 'strict' || sends >= MAX_SENDS) return 'no'",
          "if (sends >= MAX_SENDS) return 'no'\n  if (reuse === 'strict') return sinceLastMs >= serverTimeoutMs ? 'yes' : 'no'",
        ],
      ],
    },
  ],
  'back-off never ends': ['strict', { [BACK_OFF]: [['left > 0 && left <=', 'left <=']] }],
}
