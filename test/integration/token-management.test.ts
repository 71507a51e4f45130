import { createFlights } from '@evertoken/core/adapter'
import { evertoken } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { clientCredentials } from '@evertoken/core/grants'
import {
  ConfigurationError,
  createMemoryStore,
  createTokenManagement,
  type TokenManagement,
  type TokenManagementOptions,
} from '@evertoken/core/tokens'
import { createAuthorizationServer, createManualClock, cookieHeaderOf } from '@evertoken/testkit'
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it } from 'vitest'
import type { SignInMember } from '../../packages/core/src/surface/server-profile-checks.ts'
import { origin } from './application.ts'

const clock = createManualClock()
const server = createAuthorizationServer({ clock })
const [client] = server.clients
const options: TokenManagementOptions = {
  issuer: server.issuer,
  clientId: client?.id ?? '',
  clientSecret: client?.secret,
  encryptionSecret: 'a secret of thirty-two characters',
  baseUrl: origin,
  fetch: (input, init) => server.fetch(input, init),
  clock,
}

function create(more: object = {}): TokenManagement {
  const storage = new AsyncLocalStorage<object>()
  const { issuer, ...others } = options
  return createTokenManagement(
    { ...('server' in more ? {} : { issuer }), ...others, ...more } as TokenManagementOptions,
    {
      context: { run: (value, work) => storage.run(value, work), get: () => storage.getStore() },
      flights: createFlights(),
      keepAlive() {},
    },
  )
}

/** Signs in as the application does it; resolves to the `Cookie` header. */
async function signIn(auth: TokenManagement, sub: string): Promise<string> {
  const tokens = await server.issue({ sub, expiresIn: 300 })
  const response = await auth.handle(new Request(origin), async () => {
    await auth.startSession(tokens, { claims: { sub: 'of the application' } })
    return new Response()
  })
  return cookieHeaderOf(response)
}

/** Signs out as the application does it. */
function signOut(auth: TokenManagement, cookie: string): Promise<Response> {
  return auth.handle(new Request(origin, { headers: { cookie } }), async () => {
    await auth.endSession()
    return new Response()
  })
}

it('I8: token management keeps the token current for a burst, calls an API, and ends the grant', async () => {
  server.resetCounts()
  const auth = create()
  const cookie = await signIn(auth, 'user')
  const orders = auth.createTokenFetch({
    baseUrl: 'https://api.example.com/',
    fetch: (_input, init) => Promise.resolve(new Response(new Headers(init?.headers).get('authorization'))),
  })
  await clock.advance(301_000)

  const request = () => new Request(origin, { headers: { cookie } })
  const call = () => auth.handle(request(), () => orders('recent'))
  const answers = await Promise.all(Array.from({ length: 50 }, call))

  const sent = new Set(await Promise.all(answers.map((response) => response.text())))
  expect([...sent]).toEqual([expect.stringMatching(/^Bearer at_/)])
  expect(server.counts.refresh).toBe(1)

  const explicit = auth.session(request())
  // An ID token came with the refresh; it is the application that knows its user.
  expect(await explicit.getUser()).toEqual({ sub: 'of the application' })
  expect(await explicit.revokeRefreshToken()).toBe('revoked')
  expect(server.grants.alive('user')).toBe(false)
})

it('finds a session by its id, and ends it', async () => {
  const auth = create()
  const cookie = await signIn(auth, 'by id')
  const session = auth.session(new Request(origin, { headers: { cookie } }))
  const byId = auth.sessionById((await session.getSession())?.id ?? '')
  expect((await byId.getUserAccessToken())?.value).toMatch(/^at_/)
  expect((await signOut(auth, cookie)).headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=0')])
  expect(await byId.getUserAccessToken()).toBeUndefined()
})

it.each([
  [300, 1],
  [-300, 1],
  [3600, 2],
  [-3600, 2],
])(
  'I9: a session that starts where the clock is off by %d s serves no expired token elsewhere',
  async (offSeconds, requests) => {
    server.resetCounts()
    const store = createMemoryStore({ clock })
    const wrong = { ...clock, now: () => clock.now() + offSeconds }
    const cookie = await signIn(create({ store, clock: wrong }), 'with a wrong clock')
    expect(server.counts.discovery).toBe(requests)
    const reader = create({ store }).session(new Request(origin, { headers: { cookie } }))

    const first = await reader.getUserAccessToken()
    await clock.advance(200_000)
    expect((await reader.getUserAccessToken())?.value).toBe(first?.value)
    expect(server.counts.refresh).toBe(0)

    await clock.advance(101_000)
    expect((await reader.getUserAccessToken())?.value).not.toBe(first?.value)
    expect(server.counts.refresh).toBe(1)
  },
)

it('starts a session also if the server does not respond', async () => {
  const auth = create({ fetch: () => Promise.reject(new TypeError('fetch failed')) })
  const cookie = await signIn(auth, 'alone')
  const session = auth.session(new Request(origin, { headers: { cookie } }))
  expect((await session.getUserAccessToken())?.value).toMatch(/^at_/)
})

it('has no routes: every request is the application’s', async () => {
  const response = await create().handle(new Request(`${origin}/auth/login`), () => new Response('mine'))
  expect(await response.text()).toBe('mine')
})

it.each(['routePrefix', 'onSignIn', 'backChannelLogout', 'scope', 'session'])(
  'does not know "%s"',
  (option) => {
    expect(() => create({ [option]: '/x' })).toThrow(ConfigurationError)
    expect(() => create({ [option]: '/x' })).toThrow(`Unknown option \`${option}\``)
  },
)

it('sends the token of the application itself outside of a request', async () => {
  const sent: (string | null)[] = []
  const api = create().createTokenFetch({
    baseUrl: 'https://api.example.com/',
    token: clientCredentials(),
    fetch: async (_url, init) => {
      sent.push(new Headers(init?.headers).get('authorization'))
      return new Response()
    },
  })
  await api('orders')
  expect(sent).toEqual([expect.stringMatching(/^Bearer /)])
})

/** A wrong value for each member of a profile that only a sign-in uses. */
const WRONG_SIGN_IN_MEMBERS = {
  endSession: { url: 'not a URL' },
  redirectUri: 1,
  defaultScope: 'two  spaces "quotes"',
  idTokenSigningAlgorithm: 'none',
  nonce: 'yes',
  userInfo: { url: 'not a URL' },
  clockToleranceSeconds: -1,
  authorizationParameters: { scope: 1 },
} satisfies { readonly [Name in SignInMember]: unknown }

/** The names of the members are known everywhere, so that a profile can be shared. Only a sign-in uses their values. */
it('does not use the members of a profile for a sign-in, and so does not check their values', async () => {
  const profile = { issuer: server.issuer, ...WRONG_SIGN_IN_MEMBERS }
  const auth = create({ server: profile })
  const cookie = await signIn(auth, 'ada')
  const { getUserAccessToken, revokeRefreshToken } = auth.session(
    new Request(origin, { headers: { cookie } }),
  )
  const first = await getUserAccessToken()
  const second = await getUserAccessToken({ forceRefresh: true })
  expect(second?.value).not.toBe(first?.value)
  expect(await revokeRefreshToken()).toBe('revoked')
  const misspelt = { issuer: server.issuer, userinfo: false }
  expect(() => create({ server: misspelt })).toThrow('server.userinfo')
})

it.each(Object.entries(WRONG_SIGN_IN_MEMBERS))(
  'refuses a wrong `server.%s` where users sign in or connect accounts',
  (name, value) => {
    const { issuer: _, ...others } = options
    const profile = { issuer: server.issuer, [name]: value }
    const createWith = [
      () => evertoken({ ...others, server: profile }),
      () =>
        createConnections({
          encryptionSecret: options.encryptionSecret,
          store: createMemoryStore(),
          providers: { drive: { server: profile, clientId: 'web', clientSecret: 'secret' } },
        }),
    ]
    for (const createWrong of createWith) {
      const error = expect(createWrong)
      error.toThrow(ConfigurationError)
      error.toThrow(`server.${name}`)
    }
  },
)
