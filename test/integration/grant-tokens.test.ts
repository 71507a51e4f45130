import type { TokenOptions } from '@evertoken/core'
import { crossAppAccess, customToken, onBehalfOf, tokenExchange } from '@evertoken/core/grants'
import { evertoken } from '@evertoken/node'
import { createClientTokens } from '@evertoken/node/client'
import { createAuthorizationServer, createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, createBrowser, kinds, type Overrides } from './application.ts'
import { idle, signIn, untilDone } from './steps.ts'

const LIFETIME = 300
const ID_TOKEN_LIFETIME = 3600

interface StartOptions extends Overrides {
  /** The scope of the token response. */
  readonly granted?: string
  readonly withoutIdToken?: boolean
}

/** A signed-in user, and functions that run code in a request of their browser. */
async function signedIn({ granted = 'openid read', withoutIdToken, ...options }: StartOptions = {}) {
  const application = createApplication({ session: 'server', ...options })
  const { auth, server, browser } = application
  const tab = browser()
  async function inRequest<T>(work: () => Promise<T>): Promise<T> {
    let result: T | undefined
    await tab.get('/', undefined, undefined, async () => {
      result = await work()
      return new Response()
    })
    return result as T
  }
  const tokens = await server.issue({ scope: granted, expiresIn: LIFETIME })
  const { id_token: _idToken, ...others } = tokens
  const response = withoutIdToken ? others : tokens
  await inRequest(() => auth.startSession(response, { claims: { sub: 'user-1' } }))
  /** Resolves to the value of a token, to `sign in`, or to the error. */
  const obtain = (request: TokenOptions) =>
    inRequest(() =>
      auth.getUserAccessToken(request).then(
        (token) => token?.value ?? 'sign in',
        (error: unknown) => error,
      ),
    )
  const exchanges = () =>
    server.log.filter(({ kind }) => kind === 'token').map(({ parameters }) => parameters)
  return { ...application, tab, tokens, inRequest, obtain, exchanges }
}

function jwtOf(claims: object): string {
  const encode = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '')
  return `${encode({ alg: 'none' })}.${encode(claims)}.c2ln`
}

function partnerOf(clock: ReturnType<typeof createManualClock>) {
  const partner = createAuthorizationServer({ clock, issuer: 'https://login.partner.example' })
  const { id: clientId = '', secret: clientSecret = '' } = partner.clients[0] ?? {}
  return { issuer: partner.issuer, clientId, clientSecret, fetch: partner.fetch }
}

const idTokenExchange = tokenExchange({ audience: 'billing', subjectTokenType: 'id_token' })

describe('an exchange of the ID token', () => {
  it.each([
    { title: 'the scope has no `openid`', scope: 'read', granted: 'read' },
    { title: 'the server has returned none', withoutIdToken: true },
  ])(
    'if $title, the error names the remedy, because a sign-in would repeat forever',
    async ({ title: _title, ...options }) => {
      const { obtain, exchanges, clock } = await signedIn({ withoutIdToken: true, ...options })
      const at = partnerOf(clock)
      for (const token of [idTokenExchange, crossAppAccess({ at, scope: 'read' })])
        expect(await obtain({ token })).toMatchObject({
          name: 'ConfigurationError',
          code: 'invalid_option',
          message: expect.stringContaining('Add `openid` to `scope`') as string,
        })
      expect(exchanges()).toEqual([])
    },
  )

  it('if the sign-in was before `openid` was in the scope, the user must sign in again, once', async () => {
    const before = createApplication({ session: 'server', scope: 'offline_access' })
    const tab = before.browser()
    await signIn(tab, before.server)
    const auth = evertoken({ ...before.options, scope: 'openid offline_access' })
    const after = createBrowser(auth, before.server, async () => {
      const token = await auth.getUserAccessToken({ token: idTokenExchange })
      return new Response('', { status: token ? 200 : 401 })
    })
    expect((await after.get('/', tab.cookieHeader())).status).toBe(401)
    await signIn(after, before.server)
    expect((await after.get('/')).status).toBe(200)
  })

  it('sends no expired ID token: a refresh renews it', async () => {
    const { obtain, exchanges, clock, server } = await signedIn()
    await obtain({ token: idTokenExchange })
    await clock.advance((ID_TOKEN_LIFETIME + 1) * 1000)
    await obtain({ token: idTokenExchange })
    const [first, second] = exchanges().map((form) => form.get('subject_token'))
    expect([first === second, server.counts.refresh]).toEqual([false, 1])
  })

  it('if a refresh brings none, the user must sign in, and no further call refreshes in vain', async () => {
    const { obtain, exchanges, clock, server } = await signedIn()
    server.always('refresh', { type: 'members', set: { id_token: undefined } })
    await clock.advance((ID_TOKEN_LIFETIME + 1) * 1000)
    for (let i = 0; i < 3; i++) expect(await obtain({ token: idTokenExchange })).toBe('sign in')
    expect([server.counts.refresh, exchanges()]).toEqual([1, []])
  })
})

describe('the tokens of other grants in a session', () => {
  it('the least recently used one is dropped first, whichever source it is of', async () => {
    const { obtain, exchanges } = await signedIn()
    const sources = Array.from({ length: 65 }, (_, i) => tokenExchange({ audience: `api-${i}` }))
    const [first, second] = sources
    for (const token of sources.slice(0, 64)) await obtain({ token })
    // A use of the oldest one, without a request.
    if (first) await obtain({ token: first })
    const [last] = sources.slice(-1)
    if (last) await obtain({ token: last })
    expect(exchanges().length).toBe(65)
    if (first) await obtain({ token: first })
    expect(exchanges().length).toBe(65)
    if (second) await obtain({ token: second })
    expect(exchanges().length).toBe(66)
  })

  it('a new process serves a token that works, although neither the server nor the token of the user does', async () => {
    const { obtain, server, clock, options, tab } = await signedIn()
    server.always('token', { type: 'members', set: { expires_in: 7200 } })
    const token = tokenExchange({ audience: 'billing' })
    const value = await obtain({ token })
    await clock.advance((LIFETIME + 1) * 1000)
    for (const kind of ['discovery', 'refresh', 'token'] as const)
      server.always(kind, { type: 'status', status: 503 })
    const auth = evertoken(options)
    const other = createBrowser(auth, server, async () => {
      const found = await auth.getUserAccessToken({ token })
      return new Response(found?.value)
    })
    const response = await untilDone(clock, other.get('/', tab.cookieHeader()))
    expect(await response.text()).toBe(value)
  })

  it('a JWT that is signed for each call needs one exchange, as actor and as subject', async () => {
    const { obtain, exchanges } = await signedIn()
    let issued = 0
    const sign = (sub: string) => () => jwtOf({ sub, iat: (issued += 1), jti: `${issued}` })
    const sources = [
      tokenExchange({ audience: 'billing', actor: sign('service') }),
      tokenExchange({ audience: 'billing', subject: sign('user-1') }),
      onBehalfOf({ scope: 'read', subject: sign('user-1') }),
    ]
    for (const token of sources) for (let i = 0; i < 3; i++) await obtain({ token })
    expect([exchanges().length, issued]).toEqual([3, 9])
    // Another party is another token.
    await obtain({ token: tokenExchange({ audience: 'billing', actor: sign('other service') }) })
    expect(exchanges().length).toBe(4)
  })

  it('the caller that started the work can leave, and the others get the token', async () => {
    const { auth, server, inRequest, clock } = await signedIn()
    await clock.advance((LIFETIME + 1) * 1000)
    server.script('refresh', { type: 'delay', ms: 1000 })
    const token = tokenExchange({ audience: 'billing' })
    const leaving = new AbortController()
    const work = inRequest(async () => {
      const first = auth.getUserAccessToken({ token, signal: leaving.signal }).catch(() => 'left')
      const second = auth.getUserAccessToken({ token })
      await idle(() => server.counts.refresh === 1)
      leaving.abort()
      return [await first, (await second)?.type]
    })
    expect(await untilDone(clock, work)).toEqual(['left', 'Bearer'])
  })
})

describe('the function of customToken', () => {
  it.each(kinds)(
    'cannot ask for tokens of other grants: the error is immediate, %s session',
    async (session) => {
      const { auth, obtain, exchanges } = await signedIn({ session })
      const billing = tokenExchange({ audience: 'billing' })
      const seen: unknown[] = []
      const token = customToken('legacy', async ({ getUserAccessToken }) => {
        seen.push((await getUserAccessToken())?.type, (await auth.getUserAccessToken())?.type)
        const other = await auth.getUserAccessToken({ token: billing }).catch((error: unknown) => {
          seen.push(error)
          throw error
        })
        return { access_token: `legacy ${other?.value ?? ''}` }
      })
      expect(await obtain({ token })).toMatchObject({ name: 'ConfigurationError', code: 'grant_refused' })
      expect(seen).toEqual([
        'Bearer',
        'Bearer',
        expect.objectContaining({
          name: 'ConfigurationError',
          code: 'invalid_option',
          message: expect.stringContaining('customToken') as string,
        }),
      ])
      expect(exchanges()).toEqual([])
      // Outside of the function, and in other calls of the same request, such a token is available.
      expect(typeof (await obtain({ token: billing }))).toBe('string')
    },
  )

  it('leaves work that it does not await free to ask for tokens of other grants', async () => {
    const { auth, obtain } = await signedIn()
    let open = () => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    let later: Promise<string | undefined> | undefined
    const token = customToken('legacy', async () => {
      later = gate
        .then(() => auth.getUserAccessToken({ token: tokenExchange({ audience: 'billing' }) }))
        .then((billing) => billing?.type)
      return { access_token: 'legacy' }
    })
    expect(await obtain({ token })).toBe('legacy')
    open()
    expect(await later).toBe('Bearer')
  })

  it('decides about its token: how the tokens of the sign-in are sent does not matter', async () => {
    const server = {
      tokenHeader: { name: 'X-Own-Token' },
      tokenTypes: ['own'],
      defaultTokenLifetimeSeconds: 7200,
    }
    const { auth, obtain, inRequest, clock } = await signedIn({ server })
    const typed = customToken('typed', async () => ({ access_token: 'typed', token_type: 'own' }))
    expect(await obtain({ token: typed })).toMatchObject({ code: 'token_response_malformed' })
    let calls = 0
    const token = customToken('legacy', async () => ({ access_token: `legacy-${++calls}` }))
    const sent: unknown[] = []
    const legacy = auth.createTokenFetch({
      baseUrl: 'https://legacy.example.com/',
      token,
      fetch: async (_url, { headers } = {}) => {
        sent.push(Object.fromEntries(new Headers(headers)))
        return new Response()
      },
    })
    await inRequest(() => legacy('orders'))
    expect(sent).toEqual([{ authorization: 'Bearer legacy-1' }])
    await clock.advance((LIFETIME + 1) * 1000)
    expect(await obtain({ token })).toBe('legacy-2')
  })

  it('does not affect calls that are made while it runs', async () => {
    const { auth, inRequest } = await signedIn()
    const slow = customToken('slow', async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return { access_token: 'slow' }
    })
    const values = await inRequest(() =>
      Promise.all([
        auth.getUserAccessToken({ token: slow }),
        auth.getUserAccessToken({ token: tokenExchange({ audience: 'billing' }) }),
      ]),
    )
    expect(values.map((token) => token !== undefined)).toEqual([true, true])
  })
})

it('a refused grant of `sessionById` rejects only the call', async () => {
  const { auth, server, tab, inRequest } = await signedIn()
  const id = (await inRequest(() => auth.getSession()))?.id ?? ''
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    server.script('token', { type: 'status', status: 400, body: JSON.stringify({ error: 'access_denied' }) })
    const token = tokenExchange({ audience: 'billing' })
    await expect(auth.sessionById(id).getUserAccessToken({ token })).rejects.toMatchObject({
      code: 'grant_refused',
    })
    // Node.js reports an unhandled rejection after all microtasks.
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('unhandledRejection', note)
  }
  expect(unhandled).toEqual([])
  expect((await tab.get('/')).status).toBe(200)
})

it('a service prepares a request only if it sends one', async () => {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock })
  const { id: clientId = '', secret: clientSecret = '' } = server.clients[0] ?? {}
  let asked = 0
  const { clientSecret: secret, ...at } = partnerOf(clock)
  const { getAccessToken } = createClientTokens({
    issuer: server.issuer,
    clientId,
    clientSecret,
    fetch: server.fetch,
    clock,
  })
  const idToken = (await server.issue({ scope: 'openid' })).id_token
  const token = crossAppAccess({
    at: { ...at, clientSecret: () => ((asked += 1), secret) },
    scope: 'read',
    subject: () => idToken,
  })
  const first = await getAccessToken({ token })
  const afterFirst = asked
  for (let i = 0; i < 5; i++) expect((await getAccessToken({ token }))?.value).toBe(first?.value)
  expect([first === undefined, afterFirst > 0, asked]).toEqual([false, true, afterFirst])
})
