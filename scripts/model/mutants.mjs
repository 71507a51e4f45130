// Each mutant is the refresher with one mistake that a developer could make. The model must notice it.
//
// HOW TO WRITE A MUTANT. A mutant is a list of edits. An edit names a function of packages/core/src and code inside it.
// It names no file, so a function can move. There are three kinds of edit:
//
//   { in: 'ledgerWithResponse', replace: 'withDoubt($next)', with: '$next' }   replaces code
//   { in: 'keepLease', remove: '$lease.beat($$$args)' }             removes the statement around code, or a property
//   { constant: 'NEWS_MS', with: 'Infinity' }                       changes the value of a constant
//
// `in` is the name of a function, method, variable or constant. It includes all functions inside. If several functions
// have the same name, write an outer one first: `createLeases.take`. All functions between them can be left out.
//
// `replace` and `remove` are patterns. A pattern is an expression, a statement, or a property as `key: value`:
// - `$name` stands for any one expression or statement. If it occurs twice, both must be the same code.
// - `$$$name` stands for any number of arguments, properties or statements.
// - All other names must occur in the source. Use `$name` for a local variable, so that it can be renamed.
// - `$name = value` also finds a variable with that value (`let` or `const`), and a parameter with that default.
// - Format, comments, parentheses, types, `as`, `!` and the `?` of `?.` make no difference. A block of one statement is
//   the same as that statement. `10_000` is the same as `10000`.
//
// `with` is code with the captured parts. `$0` is all of the matched code, so `check(); $0` inserts a statement before
// it. Any name without `$` must exist there. The tool adds parentheses and braces where they are needed.
// Put parentheses around a captured part that is an operand: `($keys).slice(1)`. `$value` is the old value of a constant.
//
// HOW TO UPDATE MUTANTS. Each edit must match exactly once. `npx vitest run --project architecture mutants` applies
// every mutant in about 1 second. A mutant that does not fit makes `npm run check` fail. The message names the mutant,
// the function and the pattern, and lists the places of core that have the code now, with their functions.
// - You moved a function to another file, merged files, or reformatted code: change nothing.
// - You renamed a function or constant: replace the name in `in` or `constant`, and where patterns call the function.
// - You renamed a local variable: change nothing, unless an edit uses the name without `$`.
// - You moved code to another function: write the name of that function into `in`. The message shows it.
// - The code has a new form, such as an object instead of several arguments: write the pattern for that form. Keep the
//   mistake. `$$$rest` for the arguments that do not matter makes the next change cheaper.
// - The code occurs several times: write more of the code around it, or name an inner function. If that is impossible,
//   add `nth: '2 of 3'`. Then it must occur exactly 3 times.
// - The mistake is no longer possible: remove the mutant, and write the reason into the commit message.
// Then run the mutants that you changed, because a pattern can match the wrong code:
//   node scripts/test-mutants.mjs 'no beat' 'no line'
//   node scripts/test-exhaustive.mjs --mutants 'no spare'
//   node scripts/test-simulation.mjs --runs 60 --seed 1 --mutant 'drain does not wait'
// The other mutants are in scripts/model/test-mutants.mjs, scripts/exhaustive/mutants.mjs and
// scripts/simulation/mutants.mjs. The tool is scripts/mutants/apply.mjs.

/** The swap that ends a session in the store, and a removal in its place. */
const END = 'const $tombstone = await $swap($current, toUnfinishedTombstone($$$args))'
const REMOVE = '{ await sealedStore.remove(key); return endedAs($current.record, $current) }'

const UNLEASED = {
  in: 'createLeases.take',
  replace: 'await $handle.swapLedger($from, $ledger)',
  with: '{ ...$from, record: { ...$from.record, ledger: $ledger } }',
}
const NO_LIMIT_TO_LOOKS = {
  in: 'createLeases.observe',
  replace: 'Math.min($passed, MAX_LOOK_MS)',
  with: '$passed',
}
const OLDER_ADOPTED = {
  in: 'settle',
  replace: "$isNewer ? 'replace' : 'spare'",
  with: "$isNewer ? 'replace' : 'adopt'",
}
const FIRST_READ = { in: 'persistOnce', replace: '$current = known', with: '$current = undefined' }

/** By name: the scenarios in which the mistake should show soonest, and the edits. */
export const mutants = {
  'no lease': [
    ['calm'],
    [
      UNLEASED,
      {
        in: 'startFlight',
        replace: '$flights.join($session, $token, () => $flight, $clock)',
        with: '{ result: $flight, joined: false, since: $clock.elapsed() }',
      },
    ],
  ],
  'single flight without lease': [['calm'], [UNLEASED]],
  // Takes the lease of the record as it is by now, and sends the refresh token that was read before.
  'lease without re-read': [
    ['calm'],
    [
      {
        in: 'createLeases.take',
        replace: 'const $snapshot = await $handle.swapLedger($from, withLease($ledger, $holder, $$$rest))',
        with: `let $snapshot = await $handle.swapLedger($from, withLease($ledger, $holder, $$$rest))
          while ($snapshot === 'again') {
            const again = await $handle.read()
            if (!again) return 'again'
            if (again.record.ledger.lease) await clock.sleep(20)
            else $snapshot = await $handle.swapLedger(again, withLease(again.record.ledger, $holder))
            if ($snapshot === 'again') continue
            const next = { ...$snapshot.record.ledger, refreshToken: $ledger.refreshToken }
            $snapshot = { ...$snapshot, record: { ...$snapshot.record, ledger: next } }
          }`,
      },
    ],
  ],
  'blind write': [
    ['stops'],
    [
      {
        in: 'persistOnce',
        replace: 'settle($current.record, $$$rest)',
        with: "$current ? 'write' : 'revoke'",
      },
    ],
  ],
  'persist only while the lease is held': [
    ['stops'],
    [
      {
        in: 'persistOnce',
        replace: 'settle($current.record, $attempt, $isRotated)',
        with: `$current?.record.ledger.lease?.attempt === $attempt.attempt
          ? settle($current.record, $attempt, true)
          : 'adopt'`,
      },
    ],
  ],
  'create on missing record': [
    ['endings'],
    [
      {
        in: 'createStoredHandle.end',
        replace: END,
        with: "$0; if ($tombstone !== 'again' && isOnlyInStore) await sealedStore.remove(key)",
      },
      { in: 'persist', remove: '$known = undefined' },
      FIRST_READ,
      {
        in: 'persistOnce',
        replace: '$current ??= await $read',
        with: '$current ??= (await $read) ?? (known && { ...known, sealed: undefined })',
      },
    ],
  ],
  'whole session written back': [
    ['calm', 'endings'],
    [
      {
        in: 'touchOrTidy',
        replace: '$handle.swap($current, touch($$$args))',
        with: '$handle.swap({ ...$current, sealed: (await $handle.readIgnoringExpiry())?.sealed }, touch($$$args))',
      },
    ],
  ],
  'abort of the first caller cancels the flight': [
    ['calm'],
    [
      {
        in: 'bindSession.tokenOf',
        replace: '{ $$$facts, time, background }',
        with: '{ $$$facts, time, background, signal: demand.signal }',
      },
      {
        in: 'demandOf',
        replace: '{ $$$facts, keepAlive }',
        with: '{ $$$facts, keepAlive, signal: call.signal }',
      },
      {
        in: 'refreshUntilDone',
        replace: 'const $state = $lease.observe($watched)',
        with: 'demand.signal?.throwIfAborted(); $0',
      },
    ],
  ],
  'flight keyed by token key only': [
    ['calm'],
    [{ in: 'startFlight', replace: '$flights.join($session, $$$rest)', with: "$flights.join('', $$$rest)" }],
  ],
  'losing branch revoked': [
    ['stops'],
    [
      { in: 'persistOnce', remove: "if ($settlement === 'adopt') return 'again'" },
      {
        in: 'persistOnce',
        replace: "if ($settlement === 'revoke' || $isMissing) return discardResponse($$$args)",
        with: "if ($settlement === 'adopt') { await discardResponse($$$args); return 'again' } $0",
      },
    ],
  ],
  'lease lapses by the wall clock': [
    ['clocks'],
    [
      { in: 'createLeases.observe', replace: '$clock.elapsed()', with: '$clock.now() * 1000' },
      NO_LIMIT_TO_LOOKS,
    ],
  ],
  'own pause counted as watching': [['stops'], [NO_LIMIT_TO_LOOKS]],
  'no fence before the send': [
    ['stops'],
    [{ in: 'createLeases.take', replace: 'isSafe = $test', with: 'isSafe = true' }],
  ],
  'fence by the monotonic clock only': [
    ['stops'],
    [{ in: 'createLeases.take', replace: 'Math.max($monotonicMs, $wallMs)', with: '$monotonicMs' }],
  ],
  'request aborted at the time-out': [['answers'], [{ constant: 'LISTEN_MS', with: '10_000' }]],
  'no beat': [['answers'], [{ in: 'keepLease', remove: '$lease.beat($$$args)' }]],
  'beat does not restart the watch': [
    ['answers'],
    [{ in: 'createLeases.observe', replace: '`${$attempt} ${$beat}`', with: '`${$attempt}`' }],
  ],
  'callers wait for as long as the response takes': [
    ['answers'],
    [{ in: 'joinFlight', replace: '$due - $clock.elapsed()', with: '$due + 1e9' }],
  ],
  'lease lapses early on strict servers': [
    ['stops', 'takeovers'],
    [{ constant: 'STRICT_LAPSE_SECONDS', with: '8' }],
  ],
  'takeover while the access token works': [
    ['stops', 'takeovers'],
    [{ in: 'risksGrant', replace: "$lease !== undefined && $state === 'lapsed'", with: 'false' }],
  ],
  'second send on strict servers': [
    ['answers'],
    [
      { in: 'maySendAgain', replace: "$reuse === 'strict' || $isLast", with: '$isLast' },
      { in: 'maySendAgain', replace: "$reuse === 'tolerant'", with: "typeof $reuse === 'string'" },
    ],
  ],
  'second send without a pause': [
    ['answers'],
    [{ in: 'maySendAgain', replace: "$isDue ? 'yes' : 'no'", with: "'yes'" }],
  ],
  'second send although a response has come': [
    ['takeovers', 'answers'],
    [
      {
        in: 'keepLease',
        replace: '$isTooLate || $sender.responses > $sender.undecided',
        with: '$isTooLate',
      },
    ],
  ],
  'other responses not listened to': [['answers'], [{ in: 'exchange', remove: 'receiveLateResponses()' }]],
  'order by attempt number only': [
    ['answers'],
    [{ in: 'isNewer', remove: 'if ($isFarApart) return $apart > 0' }, OLDER_ADOPTED],
  ],
  'older of two responses not kept': [
    ['answers'],
    [OLDER_ADOPTED, { in: 'withNewerGrant', remove: 'spare: $token' }],
  ],
  'store not retried after 30 seconds': [
    ['outages'],
    [{ in: 'retryStore', replace: '$passedMs > LISTEN_MS', with: '$passedMs > 30_000' }],
  ],
  'expiry by the wall clock only': [
    ['clocks'],
    [{ in: 'passedSince', replace: '$hasJumped ? $byWall : $monotonic', with: '$byWall' }],
  ],
  'token served before the time is known': [
    ['clocks'],
    [
      {
        in: 'sampleIfNeeded',
        replace: '$known.some($$$args) ? $sampling : undefined',
        with: 'undefined',
      },
    ],
  ],
  'token from the future not noticed': [
    ['clocks'],
    [{ in: 'mayHaveExpired', replace: '$expiresSoon || $isFromFuture', with: '$expiresSoon' }],
  ],
  'time of a slow response believed': [
    ['clocks', 'stops'],
    [
      {
        in: 'createServerClock.observe',
        replace: '$server === undefined || $isSlow',
        with: '$server === undefined',
      },
    ],
  ],
  'server time compared with a wall clock': [
    ['clocks'],
    [{ in: 'timeFor', replace: 'if ($ahead === undefined) return $wall', with: 'return $wall' }],
  ],
  'session ended although another attempt runs': [
    ['takeovers'],
    [{ in: 'settleRejection', remove: "if ($attempt !== $used.attempt) return 'again'" }],
  ],
  'end not retried after a lost swap': [
    ['answers'],
    [
      {
        in: 'untilWon',
        replace: "if ($result !== 'again') return $result",
        with: "return $result === 'again' ? undefined : $result",
      },
    ],
  ],
  'release drops the lease of another': [
    ['takeovers'],
    [{ in: 'release', remove: 'if ($record.lease.holder !== $attempt.holder) return undefined' }],
  ],
  'strict retry in the same flight': [
    ['answers'],
    [
      {
        in: 'mayRetry',
        replace: "if ($reuse === 'strict') return false",
        with: "if ($reuse === 'strict') return true",
      },
    ],
  ],
  'doubt forgotten at a takeover': [
    ['stops'],
    [{ in: 'withLease', replace: 'withDoubt($next)', with: '$next' }],
  ],
  'doubt forgotten after a failure': [
    ['answers'],
    [{ in: 'release', replace: 'withDoubt($next)', with: '$next' }],
  ],
  'tombstone left out': [
    ['endings'],
    [{ in: 'createStoredHandle.end', replace: END, with: `if (!isOnlyInStore) ${REMOVE} $0` }],
  ],
  'logout removes without looking': [
    ['endings'],
    [{ in: 'createStoredHandle.end', replace: END, with: `if (isOnlyInStore) ${REMOVE} $0` }],
  ],
  'caught-up flag kept by a refresh': [
    ['browsers'],
    [
      {
        in: 'withTokenResponse',
        replace: 'idToken: $idToken ?? $record.idToken',
        with: '$0, browserIsCurrent: $record.browserIsCurrent',
      },
      { in: 'withLedger', remove: 'browserIsCurrent: undefined' },
    ],
  ],
  'caught up immediately': [['browsers'], [{ constant: 'CAUGHT_UP_SECONDS', with: '-1' }]],
  'old news sent': [['browsers'], [{ constant: 'NEWS_MS', with: 'Infinity' }]],
  'lease in the store ignored': [
    ['calm'],
    [
      {
        in: 'createCookieHandle.newest',
        replace: '$held.generation >= $carried.generation',
        with: '$held.generation > $carried.generation',
      },
    ],
  ],
  'rejected token served again': [
    ['rejections'],
    [{ in: 'stateOf', replace: '$token.value !== $wanted.rejected', with: 'true' }],
  ],
  'session over by a wrong clock': [
    ['clocks'],
    [
      FIRST_READ,
      {
        in: 'persistOnce',
        replace: '$current ??= await $handle.readIncludingEnded()',
        with: '$current ??= await $handle.read()',
      },
    ],
  ],
  'use brings the end nearer': [
    ['clocks'],
    [{ in: 'touch', replace: 'Math.max($before, $now)', with: '$now' }],
  ],
  'back-off by a wrong clock obeyed': [
    ['everything'],
    [{ in: 'secondsLeft', replace: '$left <= $longest', with: 'true' }],
  ],
  'looks at the store less and less often': [
    ['waits'],
    [{ in: 'refreshUntilDone', replace: 'Math.min($pauseMs * 1.5, $longestMs)', with: '$pauseMs * 2' }],
  ],
  'rejected token sent along': [
    ['rejections'],
    [
      {
        in: 'send',
        replace: '$acquisition.acquire($record, $parameters)',
        with: '$acquisition.acquire($record, { ...$parameters, rejected })',
      },
    ],
  ],
  'connection removed by a refusal': [
    ['connections answers'],
    [
      {
        in: 'createConnectionHandle.refuse',
        replace: 'brokenRecord($$$args)',
        with: "{ ...brokenRecord($$$args), ended: 'disconnected' }",
      },
    ],
  ],
  'refusal drops the refresh token of a connection': [
    ['connections answers'],
    [
      {
        in: 'brokenRecord',
        replace: '{ ...$record.ledger, $$$rest }',
        with: '{ ...$record.ledger, $$$rest, refreshToken: undefined }',
      },
    ],
  ],
  'connection broken although its token was replaced': [
    ['connections takeovers'],
    [{ in: 'settleRejection', replace: "return 'replaced'", with: "return 'end'" }],
  ],
  'connection broken without a second look': [
    ['connections takeovers', 'connections consents', 'connections everything'],
    [
      {
        in: 'endGrant.end',
        remove: "if ($verdict === 'again' || $verdict === 'replaced') return false",
      },
      {
        in: 'handleRejection',
        replace: 'settleCurrent((await $handle.readIgnoringExpiry())?.record)',
        with: "'end'",
      },
    ],
  ],
  'late response leaves the connection broken': [
    ['connections everything', 'connections consents'],
    [{ in: 'createConnectionHandle.storeGrant', remove: 'broken: undefined' }],
  ],
  'owner not told that a connection works again': [
    ['connections consents', 'connections everything'],
    [
      {
        in: 'createConnectionChanges.connect',
        replace: '$record.broken',
        with: 'false',
      },
    ],
  ],
  'lease forgotten when the owner consents again': [
    ['connections consents'],
    [
      {
        in: 'newLedger',
        replace: '{ ...$next, lease, $$$rest }',
        with: '{ ...$next, $$$rest, lease: undefined }',
      },
    ],
  ],
  'response written over a new grant': [
    ['connections consents'],
    [
      {
        in: 'settle',
        replace: "if (!$rotated || $origin?.from !== $used.from) return 'adopt'",
        with: "if (!$rotated) return 'adopt'; if (origin?.from !== used.from) return 'write'",
      },
    ],
  ],
  'connection comes back after its removal': [
    ['connections consents'],
    [{ in: 'isOutOfUse', replace: '$ended !== undefined || $rest', with: '$rest' }],
  ],
  'removal of a connection revokes nothing': [
    ['connections consents'],
    [{ in: 'createConnectionRevocation.revoke', replace: '[$revoking, $spare].filter($test)', with: '[]' }],
  ],
  'connection not listed for the refresh of idle grants': [
    ['connections consents'],
    [{ in: 'createRefreshIndex.move', replace: '$to === undefined || $same', with: 'true' }],
  ],
  'new connection not listed': [
    ['connections consents'],
    [
      {
        in: 'createConnectionChanges.listIfStored',
        remove: 'if ($held?.record && !$held.record.ended) await $store.list($ref)',
      },
    ],
  ],
  'record of a connection under the key of another': [
    ['connections calm'],
    [
      {
        in: 'createConnectionStore.swap',
        replace: '$store.swap(key, $$$rest)',
        with: "$store.swap(await keyOf({ owner: 'user-0', name: 'calendar' }), $$$rest)",
      },
    ],
  ],
  'work begun for a caller who has gone': [
    ['everything'],
    [
      { in: 'bindSession.tokenOf', remove: '$signal.throwIfAborted()' },
      {
        in: 'unlessAborted',
        replace: 'return new Promise($run)',
        with: 'signal.throwIfAborted(); $0',
      },
    ],
  ],
}
