import { TryLaterError } from '@evertoken/core'
import { cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { type Application, createApplication, origin } from './application.ts'
import { idle } from './steps.ts'

const SESSIONS = 300
const CAPACITY = 10
const PROCESSING_MS = 300
/** The line starts with 16 at the same time, and the limit can double twice before a response shows a line at the server. */
const MOST_AT_ONCE = 64
const STEP_MS = 50

interface Postponed {
  /** When the caller was asked to come back, in milliseconds of virtual time. */
  readonly at: number
  readonly retryAfterSeconds: number
}

/** Sessions that expire together, at a server with little capacity. */
async function createHerd() {
  const application = createApplication(
    { session: 'server', serverTimeoutSeconds: 1 },
    { capacity: { concurrent: CAPACITY, processingMs: PROCESSING_MS }, accessTokenSeconds: 3600 },
  )
  const cookies: string[] = []
  for (let index = 0; index < SESSIONS; index++) cookies.push(await signIn(application, `user-${index}`))
  await application.clock.advance(301_000)
  return { ...application, cookies }
}

async function signIn({ auth, server }: Application, sub: string): Promise<string> {
  const session = auth.session(new Request(origin))
  await session.startSession(await server.issue({ sub, scope: 'orders', expiresIn: 300 }), {
    claims: { sub },
  })
  const { headers } = await session.commit(new Response())
  return cookieHeaderOf({ headers })
}

describe('sessions that expire together', () => {
  it('cost one request each, lose nothing, and wait in a line', async () => {
    const { auth, server, clock, cookies } = await createHerd()
    const startedAt = clock.elapsed()
    const postponed: Postponed[] = []
    const isServed = Array.from({ length: SESSIONS }, () => false)
    let most = 0

    async function visit(cookie: string, index: number): Promise<void> {
      const session = auth.session(new Request(origin, { headers: { cookie } }))
      for (;;) {
        try {
          const token = await session.getUserAccessToken()
          isServed[index] = server.introspect(token?.value ?? '').sub === `user-${index}`
          return
        } catch (error) {
          if (!(error instanceof TryLaterError)) throw error
          const { retryAfterSeconds } = error
          postponed.push({ at: clock.elapsed(), retryAfterSeconds })
          await clock.sleep(retryAfterSeconds * 1000)
        }
      }
    }

    let done = false
    const visits = Promise.all(cookies.map(visit)).finally(() => (done = true))
    let drainedAt = 0
    while (!done) {
      await idle(() => done, 5)
      await clock.advance(STEP_MS)
      const { processing, waiting } = server.load
      most = Math.max(most, processing + waiting)
      if (server.counts.refresh < SESSIONS) drainedAt = clock.elapsed()
    }
    await visits

    expect(isServed.every(Boolean)).toBe(true)
    expect(cookies.every((_, index) => server.grants.alive(`user-${index}`))).toBe(true)
    expect(server.counts.refresh).toBe(SESSIONS)
    expect(server.maxUses()).toBe(1)
    expect(server.load.turnedAway).toBe(0)
    expect(most).toBeGreaterThan(CAPACITY)
    expect(most).toBeLessThanOrEqual(MOST_AT_ONCE)

    const idealMs = (SESSIONS / CAPACITY) * PROCESSING_MS
    expect(drainedAt - startedAt).toBeLessThan(3 * idealMs)

    expect(postponed.length).toBeGreaterThan(0)
    for (const { at, retryAfterSeconds } of postponed) {
      expect(retryAfterSeconds).toBeGreaterThanOrEqual(1)
      expect(retryAfterSeconds).toBeLessThanOrEqual(30)
      // Honest: a caller does not come back far too early, nor long after the line is empty.
      const leftSeconds = Math.max(0, drainedAt - at) / 1000
      expect(retryAfterSeconds).toBeLessThanOrEqual(3 * leftSeconds + 2)
      expect(retryAfterSeconds).toBeGreaterThanOrEqual(leftSeconds / 3)
    }
  })
})
