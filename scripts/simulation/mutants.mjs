// Mistakes in routes, cookies and drain. How to write and update them: see scripts/model/mutants.mjs.

/** By name: the edits. */
export const mutants = {
  'cookie preferred to a newer successor': [
    {
      in: 'createCookieHandle.newest',
      replace: '$isKnown || $held.generation >= $carried.generation',
      with: '$isKnown',
    },
  ],
  'response of an older generation sets the cookie': [
    { in: 'mustSendCookie', replace: '$record.generation > $held', with: '$record.generation !== $held' },
    { constant: 'NEWS_MS', with: 'Infinity' },
    {
      in: 'observe',
      replace: '$newest && $generation < $newest.record.generation',
      with: '$newest',
    },
  ],
  'caught up too early': [
    { constant: 'CAUGHT_UP_SECONDS', with: '-1' },
    { in: 'browserIsCurrent', replace: '$isStored && $record.generation === $held', with: '$isStored' },
  ],
  'late stream refreshes and writes': [
    { in: 'createBrowserCookieTracker.isLate', replace: '$age > LATE_MS', with: '$age > LATE_MS * 1e9' },
    { in: 'beforeRefresh', replace: '$headersSent || $browser.isLate()', with: '$browser.isLate()' },
  ],
  'sign-out leaves the cookie': [{ in: 'sessionEnded', replace: "{ kind: 'clear' }", with: 'NO_CHANGE' }],
  'sign-out leaves no note in the store': [
    {
      in: 'createStoredHandle.end',
      replace: 'const $tombstone = await $swap($current, toUnfinishedTombstone($$$args))',
      with: 'await sealedStore.remove(key); const $tombstone = { ...$current }',
    },
  ],
  'sign-out revokes nothing': [{ in: 'endSession', remove: '$session.keepAlive(complete($$$args))' }],
  'drain does not wait': [{ in: 'drain', replace: 'await $work.finish($limit)', with: 'true' }],
  'refresh not kept alive': [{ in: 'startFlight', remove: '$call.keepAlive($work)' }],
  'token sent to another origin': [
    { in: 'nextHop', replace: '$hop.trusted && $isSameOrigin && $isAllowed', with: '$hop.trusted' },
  ],
  'cookies sent to the API': [{ constant: 'FOR_THE_API', with: "new Set([...$value, 'cookie'])" }],
  'response with cookies can be cached': [
    { in: 'withOwnCookies', remove: "$headers.set('cache-control', 'no-store')" },
  ],
  'only the first secret opens': [
    { in: 'createSeal.unseal', replace: '$keys.find($test)', with: '($keys).slice(0, 1).find($test)' },
  ],
  'left-over chunks of a cookie': [
    { in: 'createChunkedCookie.keep', replace: 'clearAll(staleChunks($$$args))', with: '[]' },
    {
      in: 'joinCookie',
      replace: '$count = Number($digits)',
      with: '$count = Math.max(Number($digits), ...[1, 2, 3, 4].filter((n) => cookies.has(`${name}.${n - 1}`)))',
    },
  ],
}
