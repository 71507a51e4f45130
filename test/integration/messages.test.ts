import { ConfigurationError } from '@evertoken/core'
import { clientCredentials } from '@evertoken/core/grants'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'
import { authorize, ofType, pathOf } from './steps.ts'

const ISSUER = 'https://login.example.com'

describe('a failed sign-in', () => {
  it.each([
    [{ type: 'error', error: 'invalid_scope', status: 400 }, 500, { status: 400, error: 'invalid_scope' }],
    [{ type: 'status', status: 403 }, 500, { status: 403 }],
    [{ type: 'status', status: 502 }, 503, { status: 502 }],
  ] as const)('reports the status, the error and the URL of %j', async (fault, status, cause) => {
    const { server, browser, events } = createApplication()
    const tab = browser()
    const { callback } = await authorize(tab, server)
    server.script('token', fault)
    const response = await tab.get(pathOf(callback))
    expect(response.status).toBe(status)
    expect(ofType(events, 'sign_in_failed')).toMatchObject([{ cause: { ...cause, url: `${ISSUER}/token` } }])
  })

  it('at a dead port is 503, not a forged response', async () => {
    let isDead = false
    const application = createApplication({
      fetch(input, init) {
        const refused = new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })
        return isDead ? Promise.reject(refused) : application.server.fetch(input, init)
      },
    })
    const { server, browser } = application
    const tab = browser()
    const { callback } = await authorize(tab, server)
    isDead = true
    const response = await tab.get(pathOf(callback))
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      code: 'authorization_server_unavailable',
      title: `Cannot finish the sign-in: no response of ${ISSUER}/token (ECONNREFUSED). Try again later.`,
    })
  })
})

describe.each([
  [
    ['client_secret_post', 'Canary!'],
    '`client_secret_post` was used, and the metadata lists client_secret_post',
  ],
  [
    ['private_key_jwt', 'tls_client_auth'],
    '`client_secret_basic` was used, and the metadata lists private_key_jwt, tls_client_auth',
  ],
  [undefined, '`client_secret_basic` was used, and the metadata lists no methods'],
])('if the server that lists the methods %j refuses the client, the message names them', (listed, facts) => {
  const metadata = { token_endpoint_auth_methods_supported: listed }
  const create = () => createApplication({ client: clientCredentials({ scope: 'a' }) }, { metadata })

  it.each([
    { type: 'error', error: 'invalid_client' },
    { type: 'error', error: 'unauthorized_client', status: 400 },
    { type: 'status', status: 401 },
  ] as const)('at a sign-in with %j', async (fault) => {
    const { server, browser } = create()
    const tab = browser()
    const { callback } = await authorize(tab, server)
    server.script('token', fault)
    const response = await tab.get(pathOf(callback))
    expect(await response.json()).toMatchObject({
      code: 'client_rejected',
      title: expect.stringContaining(` ${facts}. `) as string,
    })
  })

  it('at a refresh, and for the token of the application', async () => {
    const { auth, server, clock, browser } = create()
    const tab = browser()
    await tab.signIn()
    await clock.advance(301_000)
    server.always('refresh', { type: 'error', error: 'invalid_client' })
    server.always('token', { type: 'error', error: 'invalid_client' })
    const failures: unknown[] = []
    const keep = (failure: unknown) => failures.push(failure)
    await tab.get('/', undefined, {}, async () => {
      await auth.getUserAccessToken().catch(keep)
      await auth
        .createTokenFetch({
          baseUrl: 'https://api.example.com/',
          token: clientCredentials(),
          throwTokenErrors: true,
        })('x')
        .catch(keep)
      return new Response()
    })
    expect(failures).toHaveLength(2)
    for (const failure of failures) {
      expect(failure).toMatchObject({
        code: 'client_rejected',
        message: expect.stringContaining(` ${facts}. Check \`clientId\``) as string,
      })
      expect(String(failure)).not.toContain(server.clients[0]?.secret)
    }
  })
})

describe.each(kinds)('%s session', (session) => {
  it('a failure after revokeRefreshToken() states that the application has revoked the grant', async () => {
    const { auth, browser, clock } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    await tab.get('/', undefined, {}, async () => Response.json(await auth.revokeRefreshToken()))
    await clock.advance(301_000)
    const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
    const response = await tab.get('/', undefined, {}, () => orders('7'))
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({
      code: 'no_refresh_token',
      title: expect.stringContaining('`revokeRefreshToken()` has ended the grant') as string,
    })
  })

  it('a refresh without a usable token keeps the refresh token, and names the member', async () => {
    const { auth, server, browser, clock, events } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    await clock.advance(301_000)
    server.script('refresh', { type: 'members', set: { token_type: 'mac' } })
    let error: unknown
    await tab.get('/', undefined, {}, async () => {
      error = await auth.getUserAccessToken().catch((failure: unknown) => failure)
      return new Response()
    })
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({
      code: 'token_response_malformed',
      message: expect.stringMatching(/`token_type` .*"mac".*`server\.tokenTypes`/) as string,
    })
    expect(ofType(events, 'refresh_failed')).toMatchObject([
      { cause: { status: 200, url: `${ISSUER}/token` } },
    ])
    await clock.advance(60_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(2)
  })
})

it('the diagnostics show the URIs to register', async () => {
  const baseUrl = 'http://localhost:3000'
  const { auth } = createApplication({ baseUrl: `${baseUrl}/app`, diagnostics: true, postLogoutPath: '/bye' })
  const headers = { 'sec-fetch-site': 'same-origin' }
  const request = new Request(`${baseUrl}/app/auth/diagnostics`, { headers })
  const response = await auth.handle(request, () => new Response('application'))
  expect(await response.json()).toMatchObject({
    register: { redirectUri: `${baseUrl}/app/auth/callback`, postLogoutUri: `${baseUrl}/app/bye` },
  })
})

describe('origin_not_allowed', () => {
  it.each([
    [
      '/recent?token=canary',
      'https://api.example.com/orders/',
      '/recent',
      /Remove the first slash of the path\./,
    ],
    ['recent', 'https://api.example.com/orders', '/recent', /Add a slash to the end of `baseUrl`\./],
    ['../recent', 'https://api.example.com/orders/', '/recent', /Remove the dot segments/],
    [
      'https://api.example.com/files',
      'https://api.example.com/orders/',
      '/files',
      /Add it to `allowedUrls`\./,
    ],
  ])('shows for %s the URL, the prefix and the likely cause', async (input, baseUrl, path, remedy) => {
    const { auth } = createApplication()
    const orders = auth.session(new Request(origin)).createTokenFetch({ baseUrl })
    const error: unknown = await orders(input).catch((failure: unknown) => failure)
    const facts = `Cannot call 'https://api.example.com${path}' with a token. It is not below '${baseUrl}'. `
    expect(error).toMatchObject({
      code: 'origin_not_allowed',
      message: expect.stringContaining(facts) as string,
    })
    expect(error).toMatchObject({ message: expect.stringMatching(remedy) as string })
    expect(String(error)).not.toContain('canary')
  })
})
