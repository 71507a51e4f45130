// Each mutant is a rule with one mistake that a developer could make. The exhaustive model must find each.
// How to write and update them: see scripts/model/mutants.mjs.

/**
 * By name: the server, the owner and the beginning at which the mistake shows, and the edits. `out`: the user ends it. `calm`: no
 * fault happens.
 */
export const mutants = {
  'attempt order only': ['newest', [{ in: 'isNewer', remove: 'if ($isFarApart) return $apart > 0' }]],
  'older date wins': ['newest', [{ in: 'isNewer', replace: '$apart > 0', with: '$apart < 0' }]],
  'no spare': ['newest', [{ in: 'withSpare', replace: '{ ...$record, $$$spare }', with: '$record' }]],
  'takeover while the access token works': [
    'strict soft',
    [{ in: 'decide', replace: '$isDue && !risksGrant($$$args)', with: '$isDue' }],
  ],
  'lease of a live process ignored': [
    'strict',
    [{ in: 'replace', replace: "$isLive ? 'wait' : 'refresh'", with: "'refresh'" }],
  ],
  'lapse after 1 second': ['tolerant', [{ constant: 'LAPSE_SECONDS', with: '1' }]],
  'strict lapse as short as the others': ['strict', [{ constant: 'STRICT_LAPSE_SECONDS', with: '8' }]],
  'doubt forgotten at a takeover': [
    'strict',
    [{ in: 'withLease', replace: 'withDoubt($next)', with: '$next' }],
  ],
  'settle always writes': [
    'newest',
    [
      { in: 'settle', remove: "if ($isOther) return 'adopt'" },
      { in: 'settle', replace: "$isNewer ? 'replace' : 'spare'", with: "'write'" },
    ],
  ],
  'settle writes over an ended session': [
    'strict out',
    [
      {
        in: 'settle',
        replace: "if (!$record || isOutOfUse($$$args)) return 'revoke'",
        with: "if (!$record) return 'revoke'; if ($record.ended) return 'write'",
      },
    ],
  ],
  'rejection ends although replaced': [
    'newest',
    [{ in: 'settleRejection', replace: "return 'replaced'", with: "return 'end'" }],
  ],
  'rejection ends although another attempt runs': [
    'strict',
    [{ in: 'settleRejection', remove: "if ($attempt !== $used.attempt) return 'again'" }],
  ],
  'rejection never waits for a late response': [
    'newest',
    [{ in: 'settleRejection', replace: "$isUnknown ? 'wait' : 'end'", with: "'end'" }],
  ],
  'rejection waits for ever': [
    'newest',
    [{ in: 'settleRejection', replace: "$doubt === 'unknown'", with: '$doubt' }],
  ],
  'lease not cleared by a response': ['strict', [{ in: 'withGrant', remove: 'lease: undefined' }]],
  'strict sends again at the time-out': [
    'strict',
    [
      {
        in: 'maySendAgain',
        replace: "if ($reuse === 'strict' || $isLast) return 'no'",
        with: `if ($isLast) return 'no'
          if ($reuse === 'strict') return sinceLastMs >= serverTimeoutMs ? 'yes' : 'no'`,
      },
    ],
  ],
  'back-off never ends': [
    'strict',
    [{ in: 'secondsLeft', replace: 'Math.max(0, $left)', with: 'Math.max(1, $left)' }],
  ],
  'response to an earlier grant stored over a new one': [
    'strict connection calm out',
    [
      {
        in: 'settle',
        replace: "if (!$rotated || $origin?.from !== $used.from) return 'adopt'",
        with: "if (!$rotated) return 'adopt'; if (origin?.from !== used.from) return 'write'",
      },
    ],
  ],
  'response for an account that was removed is kept': [
    'strict connection calm out',
    [{ in: 'settle', remove: "if (isOfRemovedAccount($$$args)) return 'revoke'" }],
  ],
  'removed account forgotten by the next grant': [
    'strict connection calm out',
    [{ in: 'attemptsAfter', replace: '$earlier.ended && $isOther', with: 'false' }],
  ],
}
