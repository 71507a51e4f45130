import { createMemoryStore, type TokenOptions } from '@evertoken/core'
import { clientCredentials, customToken, jwtBearer, onBehalfOf, tokenExchange } from '@evertoken/core/grants'
import { evertoken, type Handler } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import { createApplication, createBrowser, kinds } from './application.ts'

const API = 'https://api.example.com/'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const LIFETIME = 300

/** A signed-in user, and functions that run code in a request of their browser. */
async function signedIn(session: (typeof kinds)[number], options: object = {}) {
  const application = createApplication({ session, ...options })
  const { auth, server, browser } = application
  const tab = browser()
  async function inRequest<T>(work: () => Promise<T>): Promise<T> {
    let result: T | undefined
    const answer: Handler = async () => {
      result = await work()
      return new Response()
    }
    await tab.get('/', undefined, undefined, answer)
    return result as T
  }
  const tokens = await server.issue({ scope: 'openid read write', expiresIn: LIFETIME })
  await inRequest(() => auth.startSession(tokens, { claims: { sub: 'user-1' } }))
  const valueOf = (request: TokenOptions) =>
    inRequest(async () => (await auth.getUserAccessToken(request))?.value)
  const codeOf = (request: TokenOptions) =>
    inRequest(async () =>
      auth.getUserAccessToken(request).then(
        (token) => (token ? 'token' : 'sign in'),
        ({ name, code }: Error & { code?: string }) => `${name} ${code}`,
      ),
    )
  /** The token requests with another grant than the refresh token. */
  const exchanges = () =>
    server.log.filter(({ kind }) => kind === 'token').map(({ parameters }) => parameters)
  return { ...application, tab, inRequest, valueOf, codeOf, exchanges }
}

/** Lets work continue that waits only for other threads. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve))
}

describe.each(kinds)('a token exchange, %s session', (session) => {
  it('is made once for all calls, with the token of the user, and kept in the session', async () => {
    const { valueOf, server, exchanges, auth, tab, inRequest, options } = await signedIn(session)
    const token = tokenExchange({ audience: 'billing', scope: 'read' })
    const values = await Promise.all([1, 2, 3, 4].map(() => valueOf({ token })))
    expect([new Set(values).size, exchanges().length]).toEqual([1, 1])
    const own = await inRequest(() => auth.getUserAccessToken())
    const form = Object.fromEntries(exchanges()[0] ?? [])
    expect(form).toMatchObject({
      grant_type: EXCHANGE,
      audience: 'billing',
      scope: 'read',
      subject_token: own?.value,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
    expect(server.introspect(values[0] ?? '')).toMatchObject({ sub: 'user-1', scope: 'read' })
    // Another process with the same store: nothing is in its memory.
    const other = createBrowser(evertoken(options), server, async () => new Response())
    expect(await other.get('/', tab.cookieHeader()).then(({ status }) => status)).toBe(200)
    expect([await valueOf({ token }), exchanges().length]).toEqual([values[0], 1])
    expect(server.counts.refresh).toBe(0)
  })

  it('works in a token fetch and in the proxy', async () => {
    const { auth, server, inRequest, exchanges } = await signedIn(session)
    const audiences: unknown[] = []
    const fetch = async (_input: unknown, init: RequestInit = {}) => {
      const value = new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? ''
      audiences.push(server.introspect(value).extra)
      return new Response()
    }
    const token = tokenExchange({ audience: 'billing' })
    const call = auth.createTokenFetch({ baseUrl: API, token, fetch })
    const proxy = auth.createTokenProxy({ '/api/*': { target: API, token, fetch } })
    const headers = { 'sec-fetch-site': 'same-origin' }
    const statuses = await inRequest(async () => [
      (await call('x')).status,
      (await proxy(new Request('https://app.example.com/api/x', { headers })))?.status,
    ])
    expect([statuses, audiences, exchanges().length]).toEqual([
      [200, 200],
      [{ audience: 'billing' }, { audience: 'billing' }],
      1,
    ])
  })

  it('is repeated when the token is due, after the token of the user was refreshed', async () => {
    const { valueOf, server, clock, exchanges } = await signedIn(session)
    const token = tokenExchange({ audience: 'billing' })
    const first = await valueOf({ token })
    await clock.advance((LIFETIME - 20) * 1000)
    // In the soft window, the old token is served, and the exchange is in the background.
    expect(await valueOf({ token })).toBe(first)
    await settle()
    const second = await valueOf({ token })
    expect([second === first, exchanges().length]).toEqual([false, 2])
    await clock.advance((LIFETIME + 20) * 1000)
    const values = await Promise.all([1, 2, 3, 4].map(() => valueOf({ token })))
    expect([new Set(values).size, values.includes(second), exchanges().length]).toEqual([1, false, 3])
    expect(server.maxUses()).toBe(1)
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it('is served while it works, although the token of the user cannot be refreshed', async () => {
    const { valueOf, codeOf, server, clock } = await signedIn(session)
    const token = tokenExchange({ audience: 'billing' })
    server.always('refresh', { type: 'status', status: 503 })
    await clock.advance((LIFETIME - 40) * 1000)
    const first = await valueOf({ token })
    // The token of the user has expired, and the other one is in its soft window.
    await clock.advance((LIFETIME - 20) * 1000)
    const second = valueOf({ token })
    await clock.advance(1000)
    expect(await second).toBe(first)
    await clock.advance(30_000)
    expect(await codeOf({ token })).toBe('TryLaterError refresh_outcome_unknown')
  })

  it('is not kept if it does not fit into a cookie, which takes nothing from the session', async () => {
    const { valueOf, server, exchanges, tab, clock } = await signedIn(session)
    server.always('token', { type: 'members', set: { access_token: 'x'.repeat(9000) } })
    const token = tokenExchange({ audience: 'billing' })
    for (let i = 0; i < 2; i++) expect((await valueOf({ token }))?.length).toBe(9000)
    expect(exchanges().length).toBe(session === 'cookie' ? 2 : 1)
    await clock.advance((LIFETIME + 1) * 1000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.maxUses()).toBe(1)
  })

  it('ends with the session, and needs one', async () => {
    const { valueOf, auth, inRequest, tab, codeOf } = await signedIn(session)
    const token = tokenExchange({ audience: 'billing' })
    const value = await valueOf({ token })
    expect(value).toBeDefined()
    const cookie = tab.cookieHeader()
    await tab.post('/auth/logout')
    let after: unknown = 'unset'
    await tab.get('/', cookie, undefined, async () => {
      after = await auth.getUserAccessToken({ token })
      return new Response()
    })
    expect(after).toBeUndefined()
    expect(await codeOf({ token })).toBe('sign in')
    const { status } = await inRequest(() => auth.createTokenFetch({ baseUrl: API, token })('x'))
    expect(status).toBe(401)
  })

  it('has its own token for each request, and none is used for another', async () => {
    const { valueOf, exchanges, server } = await signedIn(session)
    const sources = [
      tokenExchange({ audience: 'a' }),
      tokenExchange({ audience: 'b' }),
      tokenExchange({ audience: 'a', resource: API }),
      tokenExchange({ audience: 'a', subject: { audience: 'own' } }),
      tokenExchange({ audience: 'a', actor: clientCredentials() }),
      tokenExchange({ audience: 'a', actor: clientCredentials({ scope: 'act' }) }),
      tokenExchange({
        audience: 'a',
        subject: async ({ getUserAccessToken }) => (await getUserAccessToken())?.value,
      }),
      onBehalfOf({ audience: 'a' }),
    ]
    for (let round = 0; round < 2; round++)
      expect(new Set(await Promise.all(sources.map((token) => valueOf({ token })))).size).toBe(sources.length)
    const grants = exchanges().filter((form) => form.get('grant_type') !== 'client_credentials')
    expect([grants.length, server.maxUses()]).toEqual([sources.length, 1])
    const [client] = server.clients
    const acting = await valueOf({ token: sources[4] as (typeof sources)[0] })
    expect(server.introspect(acting ?? '').extra).toEqual({ actor: client?.id, audience: 'a' })
  })

  it('uses a token with more scope for a request with less', async () => {
    const { valueOf, exchanges } = await signedIn(session)
    const more = await valueOf({ token: tokenExchange({ audience: 'a', scope: 'read write' }) })
    expect(await valueOf({ token: tokenExchange({ audience: 'a', scope: 'read' }) })).toBe(more)
    expect(exchanges().length).toBe(1)
    expect(await valueOf({ token: tokenExchange({ audience: 'b', scope: 'read' }) })).not.toBe(more)
  })

  it.each([
    ['invalid_grant', 'grant_refused'],
    ['invalid_request', 'grant_refused'],
    ['invalid_target', 'grant_refused'],
    ['unsupported_grant_type', 'grant_refused'],
    ['unauthorized_client', 'grant_refused'],
    ['access_denied', 'grant_refused'],
    ['invalid_client', 'client_rejected'],
  ])('%s: %s, and the session and its refresh continue', async (error, code) => {
    const { codeOf, server, clock, tab, exchanges, valueOf } = await signedIn(session)
    server.always('token', { type: 'error', error })
    const token = tokenExchange({ audience: 'a' })
    expect(await codeOf({ token })).toBe(`ConfigurationError ${code}`)
    expect(await codeOf({ token })).toBe(`ConfigurationError ${code}`)
    // Failures back off.
    expect(exchanges().length).toBe(1)
    await clock.advance(LIFETIME * 1000 + 1000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.maxUses()).toBe(1)
    server.always('token', undefined)
    await clock.advance(120_000)
    expect(await valueOf({ token })).toBeDefined()
  })

  it.each([
    [{ issued_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'issued_token_type_unexpected'],
    [{ issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'issued_token_type_unexpected'],
    [{ issued_token_type: 7 }, 'issued_token_type_unexpected'],
    [{ scope: 'read' }, 'scope_not_granted'],
    [{ token_type: 'N_A' }, 'token_response_malformed'],
  ])('%j in the response: %s, and the session is kept', async (set, code) => {
    const { codeOf, server, tab } = await signedIn(session)
    server.always('token', { type: 'members', set })
    const token = tokenExchange({ audience: 'a', scope: 'read write' })
    expect(await codeOf({ token })).toBe(`ConfigurationError ${code}`)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('returns a token of another type if it was requested, and no refresh token is kept', async () => {
    const { valueOf, server, clock, exchanges } = await signedIn(session)
    server.always('token', { type: 'members', set: { token_type: 'N_A', refresh_token: 'canary' } })
    const token = tokenExchange({ requestedTokenType: 'jwt', audience: 'a' })
    const value = await valueOf({ token })
    await clock.advance((LIFETIME + 1) * 1000)
    expect([await valueOf({ token }), value].every(Boolean)).toBe(true)
    expect(exchanges().map((form) => form.get('grant_type'))).toEqual([EXCHANGE, EXCHANGE])
  })

  it('a server that does not respond: a typed error, no sign-out, and the refresh is not delayed', async () => {
    const { codeOf, server, clock, valueOf } = await signedIn(session)
    server.always('token', { type: 'status', status: 500 })
    const token = tokenExchange({ audience: 'a' })
    const failing = codeOf({ token })
    await clock.advance(10_000)
    expect(await failing).toBe('TryLaterError authorization_server_unavailable')
    await clock.advance(LIFETIME * 1000)
    expect(await valueOf({})).toBeDefined()
  })

  it('asks for a sign-in if the user must act', async () => {
    const { codeOf, server } = await signedIn(session)
    server.always('token', { type: 'error', error: 'interaction_required' })
    expect(await codeOf({ token: onBehalfOf({ scope: 'api://x/.default' }) })).toBe('sign in')
    expect(await codeOf({ token: customToken('x', async () => undefined) })).toBe('sign in')
  })

  it('a rejected token and `forceRefresh` cause another exchange', async () => {
    const { auth, inRequest, exchanges } = await signedIn(session)
    const token = tokenExchange({ audience: 'a' })
    await inRequest(async () => {
      const first = await auth.getUserAccessToken({ token })
      const second = await auth.getUserAccessToken({ token, rejectedToken: first })
      const third = await auth.getUserAccessToken({ token, forceRefresh: true })
      expect(new Set([first?.value, second?.value, third?.value]).size).toBe(3)
    })
    expect(exchanges().length).toBe(3)
  })
})

describe.each(kinds)('jwtBearer and customToken, %s session', (session) => {
  const jwt = (claims: object) => `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.x`

  it('jwtBearer: the lasting claims select the token', async () => {
    const { valueOf, exchanges } = await signedIn(session)
    let count = 0
    const source = (aud: string) =>
      jwtBearer({
        scope: 'x',
        assertion: ({ claims }) => jwt({ sub: claims.sub, aud, jti: `${(count += 1)}` }),
      })
    const [one, two] = [source('one'), source('two')]
    const first = await valueOf({ token: one })
    expect(await valueOf({ token: one })).toBe(first)
    expect(await valueOf({ token: two })).not.toBe(first)
    expect(exchanges().map((form) => form.get('scope'))).toEqual(['x', 'x'])
  })

  it('customToken: the function runs once for all callers, and can use the token of the user', async () => {
    const { valueOf, clock, events } = await signedIn(session)
    let calls = 0
    const token = customToken('legacy', async ({ claims, getUserAccessToken }) => {
      calls++
      // The token of the user has expired too, so that this waits for a refresh.
      const user = await getUserAccessToken()
      return { access_token: `${claims.sub}-${user?.type}-${calls}`, expires_in: 100 }
    })
    const values = await Promise.all([1, 2, 3].map(() => valueOf({ token })))
    expect([...new Set(values), calls]).toEqual(['user-1-Bearer-1', 1])
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await Promise.all([1, 2, 3].map(() => valueOf({ token })))).toEqual(
      Array(3).fill('user-1-Bearer-2'),
    )
    expect(events.filter(({ type }) => type === 'token_granted')).toMatchObject([{ grant: 'custom' }, {}])
  })

  it('customToken: a function that throws causes a typed error without its text', async () => {
    const { auth, inRequest, clock } = await signedIn(session)
    const token = customToken('legacy', async () => Promise.reject(new Error('canary')))
    const failing = inRequest(async () => auth.getUserAccessToken({ token }).catch((error: unknown) => error))
    await clock.advance(10_000)
    const error = (await failing) as Error
    expect(error).toMatchObject({ name: 'TryLaterError' })
    expect(`${error.message}${JSON.stringify(error.cause)}`).not.toContain('canary')
  })

  it('customToken: a function that throws, or returns no token, pauses no other token of the session', async () => {
    const { codeOf, clock } = await signedIn(session)
    const throwing = customToken('throwing', async () => Promise.reject(new Error('canary')))
    const malformed = customToken('malformed', async () => ({ access_token: '' }))
    for (const token of [throwing, malformed]) {
      const failing = codeOf({ token })
      await clock.advanceUntil(failing, 10_000)
      expect(await failing).not.toBe('token')
      expect(await codeOf({ token: tokenExchange({ audience: 'billing' }) })).toBe('token')
      await clock.advance((LIFETIME + 1) * 1000)
    }
  })

  it('customToken: the result reaches the others if the caller that started the function leaves', async () => {
    const { auth, inRequest } = await signedIn(session)
    const leaving = new AbortController()
    const token = customToken('legacy', async ({ getUserAccessToken }) => {
      leaving.abort()
      return { access_token: `of-${(await getUserAccessToken())?.type}` }
    })
    await inRequest(async () => {
      const first = auth
        .getUserAccessToken({ token, signal: leaving.signal })
        .catch(({ name }: Error) => name)
      const second = await auth.getUserAccessToken({ token })
      expect([await first, second?.value]).toEqual(['AbortError', 'of-Bearer'])
    })
  })
})

it('two processes exchange once per expiry', async () => {
  const { server, options, clock, tab, exchanges } = await signedIn('server', {
    store: createMemoryStore({ clock: { now: () => 0, elapsed: () => 0 } }),
  })
  const token = tokenExchange({ audience: 'billing' })
  const applications = [evertoken(options), evertoken(options), evertoken(options)]
  for (let expiry = 1; expiry <= 3; expiry++) {
    const values: unknown[] = []
    const work = Promise.all(
      applications.flatMap((auth) =>
        [1, 2].map(() =>
          createBrowser(auth, server, async () => {
            values.push((await auth.getUserAccessToken({ token }))?.value)
            return new Response()
          }).get('/', tab.cookieHeader()),
        ),
      ),
    )
    for (let i = 0; i < 100 && values.length < 6; i++) {
      await clock.advance(20)
      await settle()
    }
    await work
    expect([values.length, new Set(values).size, exchanges().length]).toEqual([6, 1, expiry])
    await clock.advance((LIFETIME + 1) * 1000)
  }
  expect(server.maxUses()).toBe(1)
})

describe('invalid options', () => {
  it.each<[() => unknown, string]>([
    [() => tokenExchange({ audiense: 'a' } as object), 'Did you mean `audience`?'],
    [() => tokenExchange({ subject: 'x' } as never), 'Pass an object'],
    [() => tokenExchange({ subjectTokenType: 'saml2' }), '`subject`'],
    [() => tokenExchange({ actor: 'x' } as never), '`actor`'],
    [() => jwtBearer({ scope: 'x' } as never), '`assertion`'],
    [() => customToken('', async () => undefined), '`key`'],
    [() => customToken('x', undefined as never), '`acquire`'],
    [() => onBehalfOf({ scope: ' ' }), 'scope'],
  ])('%s: %s', (create, text) => {
    expect(create).toThrow(text)
  })

  it('a getter takes a source or a request, and not both', async () => {
    const { auth, inRequest } = await signedIn('cookie')
    const token = tokenExchange({ audience: 'a' })
    const messages = await inRequest(() =>
      Promise.all(
        [{ token, scope: 'x' }, { token: 'client' }, { token, audiense: 'x' }].map((options) =>
          auth.getUserAccessToken(options as never).catch(({ message }: Error) => message),
        ),
      ),
    )
    expect(messages).toMatchObject(
      [/`scope`/, /`token`/, /audiense/].map((text) => expect.stringMatching(text) as string),
    )
  })
})
