import type { Fault } from '@evertoken/testkit'
import { type ErrorCode, EvertokenError, type SessionStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { type Application, createApplication, createTestStore, kinds } from './application.ts'
import { untilDone } from './steps.ts'

/** Signs in, lets the token expire and calls once; resolves to the token or to the code of the error. */
async function callWithExpiredToken(application: Application): Promise<{ again(): Promise<string> }> {
  const { auth, clock, browser } = application
  const tab = browser(async () => {
    try {
      return new Response((await auth.getUserAccessToken())?.value ?? 'nobody')
    } catch (error) {
      return new Response(error instanceof EvertokenError ? `error ${error.code}` : `thrown ${String(error)}`)
    }
  })
  await tab.signIn()
  await clock.advance(301_000)
  const again = async () => (await tab.get('/')).text()
  return { again }
}

const ambiguous: [string, Fault][] = [
  ['500', { type: 'status', status: 500 }],
  ['502 with HTML', { type: 'status', status: 502, body: '<html>', contentType: 'text/html' }],
  ['a reset before processing', { type: 'reset', processed: false }],
  ['200 with HTML', { type: 'body', body: 'html', processed: false }],
  ['200 with cut JSON', { type: 'body', body: 'cutJson', processed: false }],
  ['200 with an array', { type: 'body', body: 'array', processed: false }],
  ['200 with null', { type: 'body', body: 'null', processed: false }],
  ['200 with 10 MB', { type: 'body', body: 'huge', processed: false }],
  ['307 to another origin', { type: 'redirect', to: 'https://evil.example/token' }],
  ['an empty 400', { type: 'status', status: 400 }],
  ['invalid_request', { type: 'error', error: 'invalid_request' }],
]

describe.each(kinds)('failures at the token endpoint, %s session', (session) => {
  it.each(ambiguous)('keeps the session through %s, and recovers', async (_name, fault) => {
    const application = createApplication({ session })
    const { server, clock, events } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', fault)

    expect(await again()).toBe('error refresh_outcome_unknown')
    expect(await again()).toBe('error refresh_outcome_unknown')
    expect(server.counts.refresh).toBe(1)
    await clock.advance(2000)
    expect(await again()).toMatch(/^at_/)
    expect(events.some(({ type }) => type === 'session_ended')).toBe(false)
    expect(server.log.some(({ kind }) => kind === 'elsewhere')).toBe(false)
  })

  it.each(['invalid_client', 'unauthorized_client', 'invalid_scope', 'invalid_target'])(
    'never signs anyone out for %s',
    async (error) => {
      const application = createApplication({ session })
      const { server, clock } = application
      const { again } = await callWithExpiredToken(application)
      server.script('refresh', { type: 'error', error })

      expect(await again()).toBe('error client_rejected')
      await clock.advance(2000)
      expect(await again()).toMatch(/^at_/)
    },
  )

  it('waits as long as Retry-After asks, and at most a quarter longer', async () => {
    const application = createApplication({ session })
    const { server, clock } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', { type: 'status', status: 429, retryAfter: 30 })

    expect(await again()).toBe('error authorization_server_unavailable')
    await clock.advance(29_000)
    expect(await again()).toBe('error authorization_server_unavailable')
    await clock.advance(8501)
    expect(await again()).toMatch(/^at_/)
    expect(server.counts.refresh).toBe(2)
  })

  it.each([[0], [{ dateInSeconds: -60 }]])(
    'is not asked again immediately by a Retry-After of %j',
    async (retryAfter) => {
      const application = createApplication({ session })
      const { server, clock } = application
      const { again } = await callWithExpiredToken(application)
      server.always('refresh', { type: 'status', status: 429, retryAfter })

      const codes = await untilDone(clock, again())
      expect(codes).toBe('error authorization_server_unavailable')
      const before = server.counts.refresh
      for (let i = 0; i < 9; i++) expect(await again()).toBe('error authorization_server_unavailable')
      expect(server.counts.refresh).toBe(before)
    },
  )

  it.each(['none', 'same', 'empty', 'number'] as const)('S1: lives with %s refresh token', async (value) => {
    const application = createApplication({ session })
    const { server, clock } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', { type: 'refreshToken', value })

    const first = await again()
    expect(first).toMatch(/^at_/)
    await clock.advance(301_000)
    const second = await again()
    expect(second).toMatch(/^at_/)
    expect(second).not.toBe(first)
  })

  it.each([[0], [-5], ['0']])(
    'treats expires_in %j as unknown, so that it does not cause a refresh at every call',
    async (expires_in) => {
      const application = createApplication({ session })
      const { server, clock } = application
      const { again } = await callWithExpiredToken(application)
      server.always('refresh', { type: 'members', set: { expires_in } })

      expect(await again()).toMatch(/^at_/)
      expect(server.counts.refresh).toBe(1)
      expect(await again()).toMatch(/^at_/)
      expect(server.counts.refresh).toBe(1)
      await clock.advance(301_000)
      expect(await again()).toMatch(/^at_/)
      expect(server.counts.refresh).toBe(2)
    },
  )

  it('S3: keeps a new refresh token if the access token cannot be used', async () => {
    const application = createApplication({ session })
    const { server, clock } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', { type: 'members', set: { token_type: 'mac' } })

    expect(await again()).toBe('error token_response_malformed')
    await clock.advance(2000)
    expect(await again()).toMatch(/^at_/)
    expect(server.maxUses()).toBe(1)
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it('S10: ends the session when the ID token turns to another user, serving nothing of it', async () => {
    const application = createApplication({ session })
    const { server, events } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', { type: 'idToken', claims: { sub: 'somebody-else' } })

    expect(await again()).toBe('nobody')
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'session_ended', reason: 'subject_changed' }),
    )
    expect(await again()).toBe('nobody')
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('ends the session when the refresh token is rejected, and reports that', async () => {
    const application = createApplication({ session })
    const { server, events } = application
    const { again } = await callWithExpiredToken(application)
    server.grants.end('user-1')

    expect(await again()).toBe('nobody')
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'session_ended', reason: 'grant_rejected' }),
    )
    expect(await again()).toBe('nobody')
    expect(server.counts.refresh).toBe(1)
  })

  it('lets callers go when the server is silent, listens for 65 s, keeps the session and frees the lease', async () => {
    const application = createApplication({ session, serverTimeoutSeconds: 10 })
    const { server, clock } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', { type: 'hang' })

    const call = again()
    while (server.counts.refresh === 0) await clock.advance(0)
    await clock.advance(10_001)
    expect(await untilDone(clock, call)).toBe('error refresh_pending')
    expect(await untilDone(clock, again())).toBe('error refresh_pending')
    await clock.advance(40_000)
    expect(await untilDone(clock, again())).toBe('error refresh_pending')
    expect(server.counts.refresh).toBe(1)
    const hasFailed = () => application.events.some((event) => event.type === 'refresh_failed')
    while (!hasFailed()) await clock.advance(100)
    // The event comes before the lease is released.
    let outcome = await untilDone(clock, again())
    for (let i = 0; i < 20 && outcome === 'error refresh_pending'; i++)
      outcome = await untilDone(clock, again())
    expect(outcome).toBe('error refresh_outcome_unknown')
    await clock.advance(1300)
    expect(await untilDone(clock, again())).toMatch(/^at_/)
  })

  it('a response that comes after its callers have left is stored for the next ones', async () => {
    const application = createApplication({ session, serverTimeoutSeconds: 10 })
    const { server, clock, events } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', { type: 'delay', ms: 50_000, when: 'after' })

    const call = again()
    while (server.counts.refresh === 0) await clock.advance(0)
    await clock.advance(10_001)
    expect(await untilDone(clock, call)).toBe('error refresh_pending')
    // The delay may begin only now, and the work after the response takes real time.
    for (let i = 0; i < 550 && !events.some(({ type }) => type === 'token_refreshed'); i++)
      await clock.advance(100)
    expect(await untilDone(clock, again())).toMatch(/^at_/)
    expect(server.counts.refresh).toBe(1)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'token_unavailable', code: 'refresh_pending' }),
    )
  })

  it('S8: discovery that fails spends no refresh token and ends no session', async () => {
    const application = createApplication({ session })
    const { server, clock } = application
    // The sign-in asks for the time of the server.
    for (let i = 0; i < 2; i++) server.script('discovery', { type: 'status', status: 500 })
    const { again } = await callWithExpiredToken(application)
    expect(server.counts.discovery).toBe(1)

    expect(await again()).toBe('error authorization_server_unavailable')
    expect(await again()).toBe('error authorization_server_unavailable')
    expect([server.counts.discovery, server.counts.refresh]).toEqual([2, 0])
    await clock.advance(2501)
    expect(await again()).toMatch(/^at_/)
  })
})

describe('retries by policy', () => {
  it.each([
    ['tolerant', 'tolerant', /^at_/, 2],
    ['grace', { graceSeconds: 30 }, /^at_/, 2],
    ['strict', 'strict', /^error refresh_outcome_unknown$/, 1],
  ] as const)('%s: after an answer was lost', async (_name, refreshTokenReuse, expected, sends) => {
    const reuse = refreshTokenReuse === 'strict' ? 'strict' : refreshTokenReuse
    const application = createApplication({ server: { refreshTokenReuse } }, { reuse })
    const { server, clock } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', { type: 'reset', processed: true })

    let done = false
    const call = again().finally(() => (done = true))
    while (!done) await clock.advance(100)
    expect(await call).toMatch(expected)
    expect(server.counts.refresh).toBe(sends)
  })
})

describe.each(kinds)('failures of the store, %s session', (session) => {
  function failing(): { readonly store: SessionStore; down: boolean } {
    const store = createTestStore({ shared: true })
    const control = { down: false, store }
    store.always('any', () => (control.down ? { type: 'fail', error: new Error('at_canary') } : undefined))
    return control
  }

  it('I2: an outage of three seconds after the answer loses nothing', async () => {
    const control = failing()
    const application = createApplication({ session, store: control.store })
    const { server, clock } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', () => {
      control.down = true
      return undefined
    })

    const call = again()
    while (!control.down) await clock.advance(0)
    await clock.advance(3000)
    control.down = false
    await clock.advance(2000)

    expect(await call).toMatch(/^at_/)
    await clock.advance(301_000)
    expect(await again()).toMatch(/^at_/)
    expect(server.maxUses()).toBe(1)
  })

  it('reports the loss when the store is down for longer than 65 s after the response', async () => {
    const control = failing()
    const application = createApplication({ session, store: control.store })
    const { server, clock, events } = application
    const { again } = await callWithExpiredToken(application)
    server.script('refresh', () => {
      control.down = true
      return undefined
    })

    const call = again()
    while (!control.down) await clock.advance(0)
    await clock.advance(60_000)

    const code: ErrorCode = 'store_unavailable'
    expect(await untilDone(clock, call)).toBe('error refresh_pending')
    expect(events.some(({ type }) => type === 'refresh_token_lost')).toBe(false)
    await clock.advance(10_000)
    expect(events).toContainEqual(expect.objectContaining({ type: 'refresh_token_lost', reason: code }))
    expect(JSON.stringify(events)).not.toContain('canary')
  })
})

it('I1: a connection that breaks after the request was sent is not like a connection that was never made', async () => {
  let broken = false
  const application: Application = createApplication({
    fetch: async (input, init) => {
      const response = await application.server.fetch(input, init)
      if (!broken || !new Request(input).url.endsWith('/token')) return response
      broken = false
      const cause = Object.assign(new Error('read'), { code: 'EHOSTUNREACH', syscall: 'read' })
      throw Object.assign(new TypeError('fetch failed'), { cause })
    },
  })
  const { again } = await callWithExpiredToken(application)
  broken = true
  expect(await again()).toBe('error refresh_outcome_unknown')
  expect(application.server.maxUses()).toBe(1)
})

it('a listener that is an async function, and fails, affects no other code', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  const onEvent = (() => Promise.reject(new Error('the log is full'))) as () => void
  const { browser } = createApplication({ onEvent })
  await browser().signIn()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})
