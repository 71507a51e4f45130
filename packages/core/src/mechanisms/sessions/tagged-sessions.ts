import type { SessionStrategy, StartedSession } from './session-strategy.ts'

type FindResult = Awaited<ReturnType<SessionStrategy['find']>>

/**
 * Puts the name of the registration in front of the session cookie, so that several registrations share one cookie and each
 * session is found by its own.
 *
 * @param name - Contains no `~`.
 * @param strategyOf - Returns the sessions of another registration. A sign-in replaces them, and nothing else uses them.
 */
export function withTag(
  strategy: SessionStrategy,
  name: string,
  strategyOf: (name: string) => SessionStrategy | undefined,
): SessionStrategy {
  const { trackBrowser } = strategy
  const tagged = <Started extends StartedSession>(started: Started): Started => ({
    ...started,
    cookie: `${name}~${started.cookie}`,
  })
  const withOwner = (owner: string, found: FindResult): FindResult =>
    owner === name || !('handle' in found) ? found : { ...found, handle: { ...found.handle, owner } }
  return {
    ...strategy,
    async find(cookie) {
      const tag = tagOf(cookie)
      const owner = tag === name ? strategy : strategyOf(tag)
      if (owner) return withOwner(tag, await owner.find(cookie.slice(tag.length + 1)))
      return { rejected: tag === '' ? 'malformed' : 'unknown_registration' }
    },
    stored: (key, expiresAt, owner = name) => (strategyOf(owner) ?? strategy).stored(key, expiresAt),
    create: async (make, keepAlive, prepare) =>
      tagged(await strategy.create(make, keepAlive, prepare && ((started) => prepare(tagged(started))))),
    ...(trackBrowser && {
      trackBrowser() {
        const tracker = trackBrowser()
        return { ...tracker, sealCookie: async (record) => `${name}~${await tracker.sealCookie(record)}` }
      },
    }),
  }
}

/** Returns the name in front of the value of a cookie, or an empty string. */
export function tagOf(cookie: string): string {
  return cookie.slice(0, Math.max(cookie.indexOf('~'), 0))
}
