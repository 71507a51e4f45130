import { crossAppAccess } from '@evertoken/core/grants'
import { createAuthorizationServer } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

const API = 'https://api.partner.example/'
const LIFETIME = 300

/** A user whose provider vouches for them at the server of a partner. */
async function signedIn(session: (typeof kinds)[number]) {
  const application = createApplication({ session })
  const { auth, server, clock, browser } = application
  const partner = createAuthorizationServer({
    clock,
    issuer: 'https://login.partner.example',
    accessTokenSeconds: LIFETIME,
  })
  const tab = browser()
  async function inRequest<T>(work: () => Promise<T>): Promise<T> {
    let result: T | undefined
    await tab.get('/', undefined, undefined, async () => {
      result = await work()
      return new Response()
    })
    return result as T
  }
  const tokens = await server.issue({ sub: 'user-1', scope: 'openid', expiresIn: LIFETIME })
  await inRequest(() => auth.startSession(tokens, { claims: { sub: 'user-1' } }))
  const token = crossAppAccess({ at: atOf(partner), resource: API, scope: 'tickets:read' })
  const obtain = () =>
    inRequest(() => auth.getUserAccessToken({ token }).catch((error: unknown) => error as { code?: string }))
  const forms = (of: typeof server) =>
    of.log.filter(({ kind }) => kind === 'token').map(({ parameters }) => Object.fromEntries(parameters))
  return { ...application, partner, tab, obtain, forms, tokens }
}

/** The registration of the application at the partner. */
function atOf({ issuer, clients: [client], fetch }: ReturnType<typeof createAuthorizationServer>) {
  const { id: clientId = '', secret: clientSecret } = client ?? {}
  return { issuer, clientId, fetch, ...(clientSecret !== undefined && { clientSecret }) }
}

describe.each(kinds)('crossAppAccess, %s session', (session) => {
  it('the provider vouches for the user, and the server of the partner issues the token, once', async () => {
    const { obtain, forms, server, partner, tokens, clock } = await signedIn(session)
    const found = await Promise.all([1, 2, 3].map(obtain))
    const values = found.map((token) => (token && 'value' in token ? token.value : token?.code))
    expect(new Set(values).size).toBe(1)
    expect(partner.introspect(values[0] ?? '')).toMatchObject({
      sub: 'user-1',
      scope: 'tickets:read',
      aud: [API],
    })
    expect(forms(server)).toMatchObject([
      {
        audience: partner.issuer,
        resource: API,
        subject_token: tokens.id_token,
        requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      },
    ])
    expect(forms(partner)).toMatchObject([{ scope: 'tickets:read', resource: API }])
    await clock.advance((LIFETIME + 1) * 1000)
    await Promise.all([1, 2, 3].map(obtain))
    expect([forms(server).length, forms(partner).length]).toEqual([2, 2])
  })

  it.each(['server', 'partner'] as const)(
    'a refusal of the %s is a typed error, and the session is kept',
    async (of) => {
      const world = await signedIn(session)
      world[of].always('token', { type: 'error', error: 'invalid_grant' })
      expect(await world.obtain()).toMatchObject({ code: 'grant_refused' })
      expect((await world.tab.get('/')).status).toBe(200)
    },
  )

  it('an overloaded partner delays no refresh of the user', async () => {
    const { auth, server, partner, clock, tab } = await signedIn(session)
    partner.always('token', { type: 'status', status: 429, retryAfter: 30 })
    let refreshed: unknown
    const answers = tab.get('/', undefined, undefined, async () => {
      await auth
        .getUserAccessToken({ token: crossAppAccess({ at: atOf(partner), resource: API }) })
        .catch(() => {})
      refreshed = await auth.getUserAccessToken({ forceRefresh: true })
      return new Response()
    })
    await clock.advance(15_000)
    expect(refreshed).toMatchObject({ type: 'Bearer' })
    expect(server.counts.refresh).toBe(1)
    await answers
  })

  it('another `issued_token_type` than an assertion is sent to no server', async () => {
    const { obtain, server, partner, forms } = await signedIn(session)
    const set = { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
    server.always('token', { type: 'members', set })
    expect(await obtain()).toMatchObject({ code: 'issued_token_type_unexpected' })
    expect(forms(partner)).toEqual([])
  })
})

it('names an option that is missing', () => {
  expect(() => crossAppAccess({ scope: 'x' } as never)).toThrow('`at`')
})

it.each([
  [{}, '`at.issuer`, `at.clientId`'],
  [{ issuer: 'https://a.example' }, '`at.clientId`'],
  [{ clientId: 'web', issuer: 'http://a.example' }, '`at.issuer`'],
  [
    { clientId: 'web', server: { issuer: 'https://a.example', refreshEndsAccessToken: 1 } },
    '`at.server.refreshEndsAccessToken`',
  ],
  [{ clientId: 'web', issuer: 'https://a.example', clientSecre: 'secret' }, '`at.clientSecre`'],
  [
    { clientId: 'web', issuer: 'https://a.example', clientAuthentication: 'client_secret_post' },
    '`clientSecret`',
  ],
])('checks %j when the value is created', (at, message) => {
  expect(() => crossAppAccess({ at: at as never, scope: 'x' })).toThrow(message)
})
