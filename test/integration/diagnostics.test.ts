import { cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { NAVIGATION } from './steps.ts'

const LOCAL = 'http://localhost:3000'
const CANARIES = { refreshTokenPrefix: 'canary-rt-', accessTokenPrefix: 'canary-at-' }

describe.each(kinds)('diagnostics, %s session', (session) => {
  async function ask(options = {}, url = LOCAL, serverOptions = {}) {
    const application = createApplication(
      { session, baseUrl: LOCAL, ...options },
      { ...CANARIES, ...serverOptions },
    )
    const { auth, server } = application
    const started = await auth.handle(new Request(`${url}/`), async () => {
      await auth.startSession(await server.issue(), {
        claims: { sub: 'user-1', email: 'canary@example.com' },
      })
      return new Response()
    })
    const cookie = cookieHeaderOf(started)
    const application404 = () => new Response('application')
    const get = (headers = {}) =>
      auth.handle(new Request(`${url}/auth/diagnostics`, { headers }), application404)
    return { ...application, get, cookie }
  }

  it('shows the configuration, the server and the session; and nothing secret', async () => {
    const { get, cookie, server } = await ask({
      diagnostics: true,
      encryptionSecret: [
        'canary: a secret of thirty-two characters',
        'canary: the one before, which opens too',
      ],
      onRefreshed: () => undefined,
    })
    const response = await get({ cookie, ...NAVIGATION })
    const text = await response.text()

    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(JSON.parse(text)).toMatchObject({
      configuration: {
        issuer: server.issuer,
        session,
        secrets: 2,
        clientAuthentication: 'client_secret_basic',
        hooks: ['onRefreshed'],
      },
      authorizationServer: { end_session_endpoint: `${server.issuer}/end_session` },
      session: {
        session: expect.stringMatching(/^.{8}$/),
        refreshToken: expect.stringMatching(/^.{8}$/),
        accessTokens: [{ name: '', fingerprint: expect.stringMatching(/^.{8}$/), scope: 'openid' }],
        claims: expect.arrayContaining(['sub', 'email']),
      },
    })
    expect(text).not.toMatch(/canary|eyJ|e1\*/)
    expect(text).not.toContain(server.clients[0]?.secret)
    for (const value of cookie.split('; ').map((pair) => pair.split('=')[1] ?? ''))
      expect(text).not.toContain(value)
  })

  it.each([{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }, {}])(
    'S21: returns nothing with %j',
    async (headers) => {
      const { get, cookie } = await ask({ diagnostics: true })
      const response = await get({ cookie, ...headers })
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ code: 'cross_site_request_refused' })
    },
  )

  it('shows the method of client authentication that is used', async () => {
    const metadata = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
    const { get } = await ask({ diagnostics: true }, LOCAL, { metadata })
    expect(await (await get(NAVIGATION)).json()).toMatchObject({
      configuration: { clientAuthentication: 'client_secret_post' },
    })
  })

  it('works without a user while the server is unreachable', async () => {
    const fetch = () => Promise.resolve(new Response(null, { status: 503 }))
    const { get } = await ask({ diagnostics: true, fetch })
    expect(await (await get()).json()).toMatchObject({
      authorizationServer: { error: 'authorization_server_unavailable' },
      session: null,
    })
  })

  it('needs no "baseUrl" where the issuer is on loopback as well', async () => {
    const options = { diagnostics: true, baseUrl: undefined }
    const { get } = await ask(options, LOCAL, { issuer: 'http://127.0.0.1:4000' })
    expect(await (await get()).json()).toMatchObject({ session: null })
  })

  it.each([
    ['not asked for', {}, LOCAL, {}],
    ['asked under another name', { diagnostics: true }, 'https://app.example.com', {}],
    ['asked under one that only looks local', { diagnostics: true }, 'https://localhost.evil.example', {}],
    [
      'in production',
      { diagnostics: true, baseUrl: 'https://app.example.com' },
      LOCAL,
      { issuer: 'http://127.0.0.1:4000' },
    ],
  ])('is not there when %s', async (_when, options, url, serverOptions) => {
    const { get } = await ask(options, url, serverOptions)
    expect(await (await get()).text()).toBe('application')
  })

  it.each([
    [undefined, 'https://login.example.com'],
    ['https://app.example.com', 'https://login.example.com'],
    ['https://app.example.com', 'http://keycloak'],
  ])('is refused with the base URL %s and the issuer %s', async (baseUrl, issuer) => {
    const options = { diagnostics: true, baseUrl, issuer, insecureHosts: ['keycloak'] }
    await expect(ask(options)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/`diagnostics`.*`baseUrl`/) as string,
    })
  })
})
