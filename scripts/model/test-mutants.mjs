// Mistakes that the model cannot see, because they need a line, a deploy or a slow store, or that it sees too rarely.
// Tests must notice them. How to write and update them: see scripts/model/mutants.mjs.
const HERD = 'test/integration/herd.test.ts'
const LINE_TESTS = 'packages/core/test/mechanisms/line.test.ts'
const LINE_POLLING_TESTS = 'packages/core/test/mechanisms/line-polling.test.ts'
const REFRESHER_LINE_TESTS = 'packages/core/test/mechanisms/refresher-line.test.ts'
const LEASE_TESTS = 'packages/core/test/mechanisms/lease.test.ts'
const BACK_OFF_TESTS = 'packages/core/test/model/back-off.test.ts'
const REJECTION_TESTS = 'packages/core/test/mechanisms/refresher-rejection.test.ts'
const PERSIST_TESTS = 'packages/core/test/mechanisms/refresher-persist.test.ts'
const SERVER_CLOCK_TESTS = 'packages/core/test/mechanisms/protocol/server-clock.test.ts'
const DEADLINE_TESTS = 'packages/core/test/mechanisms/runtime/deadline.test.ts'
const DRAIN_TESTS = 'test/integration/drain.test.ts'
const DPOP_TESTS = 'packages/core/test/mechanisms/dpop/dpop-binding.test.ts'
const REPORT_TESTS = 'test/integration/connection-reports.test.ts'
const CONNECTION_FAULT_TESTS = 'test/integration/connection-faults.test.ts'
const TOKEN_RESPONSE_TESTS = 'packages/core/test/rules/protocol/token-response.test.ts'

const WITHOUT_FIRST_TURN = {
  in: 'refreshUntilDone',
  replace: '$line.enter($key)',
  nth: '1 of 2',
  with: '{ succeeded() {}, overloaded() {}, leave() {} }',
}

/** By name: the test files that must fail, and the edits. */
export const testMutants = {
  'nonce after the lease': [
    [DPOP_TESTS],
    [{ in: 'createDpopBinding.sendTokenRequest', remove: 'if ($passedMs > $withinMs) return $response' }],
  ],
  'nonce without end': [
    [DPOP_TESTS],
    [
      {
        in: 'createDpopBinding.sendTokenRequest',
        replace: 'const $repeated = await request($send)',
        nth: '2 of 2',
        with: 'let $repeated = await request($send); while (await isNonceError($repeated)) $repeated = await request($send)',
      },
    ],
  ],
  'token that is not bound': [
    [TOKEN_RESPONSE_TESTS],
    [{ in: 'unknownTokenType', remove: 'if ($isBound) return $isDpop ? undefined : NOT_BOUND' }],
  ],
  'no line': [[HERD], [WITHOUT_FIRST_TURN]],
  'line after the lease': [
    [REFRESHER_LINE_TESTS],
    [
      WITHOUT_FIRST_TURN,
      {
        in: 'refreshUntilDone',
        replace: 'const $done = await exchange($$$args)',
        with: 'turn = await line.enter(handle.key); $0',
      },
    ],
  ],
  'fence by the wall clock only': [
    [LEASE_TESTS],
    [{ in: 'createLeases.take', replace: 'Math.max($monotonicMs, $wallMs)', with: '$wallMs' }],
  ],
  'line does not pause after 429': [
    [LINE_TESTS],
    [{ in: 'createLine.overloaded', remove: '$until = Math.max($until, $next)' }],
  ],
  'constant Retry-After': [
    [HERD],
    [
      {
        in: 'createLine.retryAfterSeconds',
        replace: 'Math.max($paused, Math.min($estimate, $furthest))',
        with: '1',
      },
    ],
  ],
  'estimate far ahead': [
    [LINE_POLLING_TESTS],
    [
      {
        in: 'createLine.retryAfterSeconds',
        replace: 'Math.min($size / $rate, $furthest)',
        with: '$size / $rate',
      },
    ],
  ],
  'Retry-After trusted': [
    [BACK_OFF_TESTS],
    [
      { in: 'nextBackOff', replace: 'retryAfterSeconds = 0', with: 'retryAfterSeconds' },
      { in: 'nextBackOff', replace: 'Math.max($requested, $own)', with: '$requested ?? $own' },
    ],
  ],
  'no jitter in the back-off': [
    [BACK_OFF_TESTS],
    [{ in: 'nextBackOff', replace: '$seconds * (1 + $jitter / 4)', with: '$seconds' }],
  ],
  'metadata failures do not back off': [
    [
      'packages/core/test/mechanisms/metadata.test.ts',
      'packages/core/test/mechanisms/protocol-metadata.test.ts',
    ],
    [{ in: 'createFailurePause.error', replace: '$left > 0 ? $error : undefined', with: 'undefined' }],
  ],
  'no wait at stop': [
    ['test/integration/background-refresh.test.ts'],
    [{ in: 'finishBackground', remove: '$background.finish($limit)' }],
  ],
  'drain does not wait': [
    [DRAIN_TESTS],
    [{ in: 'drain', replace: 'await $work.finish($limit)', with: '$limit > 0' }],
  ],
  'refreshes start during a drain': [
    [DRAIN_TESTS],
    [{ in: 'createWorkTracker.admits', replace: '!$draining', with: 'true' }],
  ],
  'unsent lease forgotten': [
    [LEASE_TESTS],
    [{ in: 'createLeases.releaseUnused', remove: '$unsent.set($$$args)' }],
  ],
  'slow store never sends': [
    [LEASE_TESTS],
    [{ in: 'createLeases.take', replace: '$isSlow ? $late : SEND_WITHIN_MS', with: 'SEND_WITHIN_MS' }],
  ],
  'rejections not counted': [
    ['packages/core/test/model/stored-tokens.test.ts', 'packages/core/test/model/ledger-transitions.test.ts'],
    [
      {
        in: 'rejectionsAfter',
        replace: 'if ($replaced.value !== $rejected) return $count',
        with: 'return $count',
      },
    ],
  ],
  'back-off by the wall clock': [
    [BACK_OFF_TESTS],
    [{ in: 'secondsLeft', replace: 'timeFor($backOff, $time)', with: '$time.wall' }],
  ],
  'refusals of a few seconds are lasting': [[BACK_OFF_TESTS], [{ constant: 'LASTING_SECONDS', with: '0' }]],
  'invalid_grant ends without re-read': [
    [REJECTION_TESTS],
    [
      { in: 'endGrant.end', remove: "if ($verdict === 'again' || $verdict === 'replaced') return false" },
      {
        in: 'settleRejection',
        remove: "if ($refreshToken !== $used.refreshToken) return 'replaced'",
      },
    ],
  ],
  'session ends without a plain refresh': [
    [REJECTION_TESTS],
    [
      {
        in: 'settleRejection',
        remove: "if ($used.key !== '' && $refreshToken !== undefined) return 'try_plain'",
      },
    ],
  ],
  'doubt forgotten when a late response is written': [
    [PERSIST_TESTS],
    [{ in: 'ledgerWithResponse', replace: '$isOnly ? $granted : withDoubt($granted)', with: '$granted' }],
  ],
  'no last check after a pause': [
    [DEADLINE_TESTS],
    [{ in: 'expire', remove: 'if (!$signal.aborted) await $clock.sleep(LAST_LOOK_MS, $signal)' }],
  ],
  'expiry by the monotonic clock only': [
    [SERVER_CLOCK_TESTS],
    [{ in: 'passedSince', replace: '$hasJumped ? $byWall : $monotonic', with: '$monotonic' }],
  ],
  'owner told again that a connection is broken': [
    [CONNECTION_FAULT_TESTS],
    [{ in: 'createConnectionHandle.refuse', replace: 'knownFault($from.record)', with: 'false' }],
  ],
  'response for an account that was removed is left alive': [
    [REPORT_TESTS],
    [{ in: 'settle', remove: "if (isOfRemovedAccount($$$args)) return 'revoke'" }],
  ],
  'swap that lost its response not reported': [
    [REPORT_TESTS],
    [{ in: 'createReportedSwap', replace: '$record.changes.includes($change)', with: 'false' }],
  ],
  'swap made late and not reported': [
    [REPORT_TESTS],
    [{ in: 'createReportedSwap', replace: '$earlier && $test', with: 'false' }],
  ],
  'only the latest change is named': [[REPORT_TESTS], [{ constant: 'MAX_CHANGES', with: '1' }]],
  'failed revocation forgotten when the owner connects another account': [
    [REPORT_TESTS],
    [{ in: 'createConnectionChanges.connect', remove: '$keepAlive($revocation.revokeUntilDone($$$args))' }],
  ],
  'failed revocation repeated after a grant of the same account': [
    [REPORT_TESTS],
    [
      {
        in: 'createConnectionRevocation.isReplaced',
        remove: 'if (!$current || $current.ended || !isOther($current)) return false',
      },
    ],
  ],
  'failed revocation repeated while another connection has the account': [
    [REPORT_TESTS],
    [
      {
        in: 'createConnectionRevocation.isReplaced',
        replace: '$listed.every($test)',
        with: 'true',
      },
    ],
  ],
}
