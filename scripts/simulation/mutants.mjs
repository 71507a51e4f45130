const SESSION = 'mechanisms/sessions/request-session.ts'
const GENERATIONS = 'mechanisms/sessions/generations.ts'
const CELL = 'mechanisms/sessions/stored-cell.ts'
const COOKIE_CELL = 'mechanisms/sessions/cookie-sessions.ts'
const DRAIN = 'surface/drain.ts'
const REDIRECT = 'rules/calls/redirect.ts'

/** Mistakes in routes, cookies and drain by name: edits of core, by file. */
export const mutants = {
  'cookie preferred to a newer successor': {
    [COOKIE_CELL]: [['held.ended || held.generation >= carried.generation', 'held.ended']],
  },
  'response of an older generation sets the cookie': {
    [GENERATIONS]: [
      ['record.generation > held\n', 'record.generation !== held\n'],
      ['const NEWS_MS = 30_000', 'const NEWS_MS = Infinity'],
    ],
    [SESSION]: [
      ['if (newest && snapshot.record.generation < newest.record.generation) return', 'if (newest) return'],
    ],
  },
  'caught up too early': {
    [GENERATIONS]: [
      ['const CAUGHT_UP_SECONDS = 120', 'const CAUGHT_UP_SECONDS = -1'],
      ['record.generation === held && !record.caughtUp', '!record.caughtUp'],
    ],
  },
  'late stream refreshes and writes': {
    [GENERATIONS]: [['clock.elapsed() - openedAt > LATE_MS', 'openedAt > LATE_MS * 1e9']],
    [SESSION]: [['(headersSent || browser.isLate())', 'browser.isLate()']],
  },
  'sign-out leaves the cookie': { [SESSION]: [["pending = 'clear'\n", 'pending = undefined\n']] },
  'sign-out leaves no note in the store': {
    [CELL]: [
      [
        'const tombstone = await swap(now, endedUnfinished(now.record, reason, revoke))',
        'await vault.remove(key)\n        const tombstone = { ...now }',
      ],
    ],
  },
  'sign-out revokes nothing': {
    'mechanisms/sessions/end-session.ts': [
      ['if (signOut) session.keepAlive', 'if (signOut?.key === reason) session.keepAlive'],
    ],
  },
  'drain does not wait': {
    [DRAIN]: [['if (await work.finish(timeoutSeconds * 1000)) return', 'if (draining) return']],
  },
  'refresh not kept alive': {
    'mechanisms/refresh/refresher.ts': [['call.keepAlive(flight.result.catch(() => undefined))', '']],
  },
  'token sent to another origin': {
    [REDIRECT]: [['hop.trusted && url.origin === hop.url.origin && isAllowed(url, prefixes)', 'hop.trusted']],
  },
  'cookies sent to the API': {
    'rules/calls/relayed-headers.ts': [['accept accept-charset', 'cookie accept']],
  },
  'response with cookies can be cached': {
    'surface/respond.ts': [["headers.set('cache-control', 'no-store')", '']],
  },
  'only the first secret opens': {
    'mechanisms/sessions/seal.ts': [
      [
        '(await keys()).find(({ id }) => id === keyId)',
        '(await keys()).slice(0, 1).find(({ id }) => id === keyId)',
      ],
    ],
  },
  'left-over chunks of a cookie': {
    'mechanisms/sessions/cookie-writer.ts': [
      ['...clearAll(staleChunks(cookieName, cookies, chunks.length)),', ''],
    ],
    'rules/sessions/cookies.ts': [
      [
        'const count = Number(/^~([1-4])~/.exec(first)?.[1] ?? 0)',
        'const count = Math.max(Number(/^~([1-4])~/.exec(first)?.[1] ?? 0), ...[1, 2, 3, 4].filter((n) => cookies.has(`${name}.${n - 1}`)))',
      ],
    ],
  },
}
